import { describe, expect, it } from 'vitest'
import { batchDue } from './batch-due.js'

const rules = { maxDeals: 3, periodMs: 60_000, pressureEpochs: 2880 }
const deal = (queuedMs: number, startEpoch = 100_000) => ({ queuedMs, startEpoch })

describe('when a publish batch goes', () => {
  it('waits for others while nothing presses', () => {
    expect(batchDue([deal(0), deal(10)], 59_999, 10, rules)).toBeUndefined()
    expect(batchDue([], 1e9, 10, rules)).toBeUndefined()
  })
  it('goes when it is full, when its oldest deal waited the period, or when a start epoch is near', () => {
    expect(batchDue([deal(0), deal(0), deal(0)], 0, 10, rules)).toBe('full')
    expect(batchDue([deal(50_000), deal(0)], 60_000, 10, rules)).toBe('period')
    expect(batchDue([deal(0), deal(0, 2_890)], 1, 10, rules)).toBe('start epoch')
  })
  it('goes when the operator says so, with what was queued by then; later deals wait again', () => {
    expect(batchDue([deal(500), deal(0)], 600, 10, rules, 500)).toBe('operator')
    expect(batchDue([deal(501)], 600, 10, rules, 500)).toBeUndefined()
  })
})
