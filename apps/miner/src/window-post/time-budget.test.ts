import { describe, expect, it } from 'vitest'
import { budgetSpent, longerBudgetMs, vanillaBudgetMs } from './time-budget.js'

const mainnet = { configuredMs: undefined, windowEpochs: 60, blockDelayMs: 30_000 }

describe('the time for vanilla proofs', () => {
  it('is half the window: fifteen minutes on mainnet, as configured elsewhere', () => {
    expect(vanillaBudgetMs({ ...mainnet, epochsLeft: 79 })).toBe(900_000)
    expect(vanillaBudgetMs({ ...mainnet, configuredMs: 60_000, epochsLeft: 79 })).toBe(60_000)
  })
  it('is half of what is left when reading begins late, and never less than workers need to begin', () => {
    expect(vanillaBudgetMs({ ...mainnet, epochsLeft: 10 })).toBe(150_000)
    expect(vanillaBudgetMs({ ...mainnet, epochsLeft: 0 })).toBe(15_000)
    expect(vanillaBudgetMs({ ...mainnet, configuredMs: 2_000, epochsLeft: 0 })).toBe(2_000)
  })

  const begun = { budgetMs: 900_000, startEpoch: 981, close: 1_060, blockDelayMs: 30_000 }
  it('is spent when both the wall and the chain say so', () => {
    expect(budgetSpent({ ...begun, elapsedMs: 899_999, headEpoch: 1_050 })).toBe(false)
    expect(budgetSpent({ ...begun, elapsedMs: 900_000, headEpoch: 1_010 })).toBe(false)
    expect(budgetSpent({ ...begun, elapsedMs: 900_000, headEpoch: 1_011 })).toBe(true)
  })
  it('is not spent on a chain that runs ahead of the wall, and spent by the wall alone near Close', () => {
    expect(budgetSpent({ ...begun, elapsedMs: 100, headEpoch: 1_055 })).toBe(false)
    expect(
      budgetSpent({ ...begun, startEpoch: 1_055, budgetMs: 15_000, elapsedMs: 15_000, headEpoch: 1_055 }),
    ).toBe(true)
  })
  it('is made longer by half of what is left, until the rest is needed for the proof', () => {
    const after = { elapsedMs: 900_000, blockDelayMs: 30_000 }
    expect(longerBudgetMs({ ...after, epochsLeft: 49 })).toBe(900_000 + 735_000)
    expect(longerBudgetMs({ ...after, epochsLeft: 20 })).toBeUndefined()
  })
})
