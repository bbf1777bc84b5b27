import { policyFor } from '@sealane/actors'
import { describe, expect, it } from 'vitest'
import { sectorExpiration } from './expiration.js'

const policy = policyFor('devnet-2k')
const day = 2880
const least = 3_780 + policy.maxProveCommitDuration + 180 * day

describe('how long a sector lives', () => {
  it('lives until its last deal ends', () => {
    const dealEnds = [least + 900_000, least + 800_000]
    expect(
      sectorExpiration(policy, { sector: 1, ticketEpoch: 0, headEpoch: 900, dealEnds, ccLifetimeEpochs: 1 }),
    ).toBe(least + 900_000)
  })
  it('lives at least as long as the actor wants, counted from the last epoch at which its ticket may land', () => {
    expect(
      sectorExpiration(policy, {
        sector: 1,
        ticketEpoch: -730,
        headEpoch: 170,
        dealEnds: [10],
        ccLifetimeEpochs: 1,
      }),
    ).toBe(least - 730)
  })
  it('gives a sector without deals its configured life, never beyond what the network allows', () => {
    const cc = { sector: 1, ticketEpoch: 100, headEpoch: 1000, dealEnds: [] }
    expect(sectorExpiration(policy, { ...cc, ccLifetimeEpochs: 540 * day })).toBe(1000 + 540 * day)
    expect(sectorExpiration(policy, { ...cc, ccLifetimeEpochs: 5000 * day })).toBe(1000 + 1278 * day)
  })
  it('refuses a deal that outlives every sector', () => {
    const o = { sector: 1, ticketEpoch: 0, headEpoch: 900, dealEnds: [901 + 1278 * day], ccLifetimeEpochs: 1 }
    expect(() => sectorExpiration(policy, o)).toThrow(/would have to live until epoch/)
  })
})
