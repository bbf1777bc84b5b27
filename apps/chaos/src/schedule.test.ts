import { describe, expect, it } from 'vitest'
import { faultKinds, moments } from './fault.js'
import { leaseMs, lockMs, planRound } from './schedule.js'

const seeds = Array.from({ length: 500 }, (_, seed) => seed)

describe('a round', () => {
  it('follows from its seed alone', () => {
    for (const seed of seeds) expect(planRound(seed)).toEqual(planRound(seed))
    expect(new Set(seeds.map((seed) => JSON.stringify(planRound(seed)))).size).toBe(seeds.length)
  })

  it('knows every kind of fault, and no other when told so', () => {
    const kinds = new Set(seeds.flatMap((seed) => planRound(seed).faults.map(({ fault }) => fault.kind)))
    expect([...kinds].sort()).toEqual([...faultKinds].sort())
    for (const only of faultKinds) {
      const faults = planRound(7, [only]).faults
      expect(faults.length).toBeGreaterThan(0)
      expect(faults.map(({ fault }) => fault.kind)).toEqual(faults.map(() => only))
    }
  })

  it('hurts every moment of a run, from the funding of keys on', () => {
    const after = new Set(seeds.flatMap((seed) => planRound(seed).faults.map((fault) => fault.after)))
    expect([...after].sort()).toEqual([...moments].sort())
  })

  it('stops a process for longer than a claim lives and a queue’s lock holds, and kills none so often that its supervisor gives up', () => {
    for (const seed of seeds) {
      const deaths = new Map<string, number>()
      for (const { fault } of planRound(seed, ['kill', 'restart', 'stop']).faults) {
        if (fault.kind === 'stop') expect(fault.forMs).toBeGreaterThan(Math.max(leaseMs, lockMs))
        else if ('service' in fault) deaths.set(fault.service, (deaths.get(fault.service) ?? 0) + 1)
      }
      expect(Math.max(0, ...deaths.values())).toBeLessThan(5)
    }
  })
})
