import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { policy } from '../policy.js'
import { compareLoads, type DeadlineLoad } from './assign-sectors.js'
import { currentDeadline, isMutable } from './deadline-info.js'
import { provingPeriodOffset } from './proving-period-offset.js'

interface Recorded {
  activations: {
    epoch: number
    sectors: number[]
    assigned: { Deadline: number; Partition: number }[]
    provingPeriodStartInState: number
    StateMinerProvingDeadlineBefore: { PeriodStart: number; Index: number; Open: number; Challenge: number }
    deadlinesBefore: { index: number; totalSectors: number; liveSectors: number }[]
    mutableByRule: number[]
  }[]
  miners: { miner: string; creationEpoch: number; genesis?: boolean; offset: number }[]
}

const vector = new URL('../vectors/assignment.json', import.meta.url)
const recorded: Recorded = JSON.parse(readFileSync(vector, 'utf8'))

describe('where a real network put its sectors', () => {
  it.each(recorded.activations.map((entry) => [entry.epoch, entry] as const))(
    'at epoch %i',
    (epoch, entry) => {
      const seed = entry.provingPeriodStartInState
      const { PeriodStart, Index, Open, Challenge } = entry.StateMinerProvingDeadlineBefore
      expect(currentDeadline(seed, epoch)).toMatchObject({
        periodStart: PeriodStart,
        index: Index,
        open: Open,
        challenge: Challenge,
      })

      const all = Array.from({ length: policy.periodDeadlines }, (_, index) => index)
      const mutable = all.filter((index) => isMutable(seed, index, epoch))
      expect(mutable).toEqual(entry.mutableByRule)

      const loads: DeadlineLoad[] = mutable.map((index) => {
        const before = entry.deadlinesBefore.find((deadline) => deadline.index === index)
        return { index, live: before?.liveSectors ?? 0, total: before?.totalSectors ?? 0 }
      })
      const assigned = entry.sectors.map(() => {
        const best = loads.reduce((a, b) => (compareLoads(b, a, 2) < 0 ? b : a))
        best.live += 1
        best.total += 1
        return best.index
      })
      expect(assigned).toEqual(entry.assigned.map(({ Deadline }) => Deadline))
    },
  )

  it('and when their proving periods start', () => {
    for (const { miner, creationEpoch, genesis, offset } of recorded.miners) {
      if (genesis !== true) expect(provingPeriodOffset(Number(miner.slice(2)), creationEpoch)).toBe(offset)
    }
  })
})
