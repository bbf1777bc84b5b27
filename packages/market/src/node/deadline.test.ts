import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Deadline } from './deadline.js'

describe('the time of an exchange', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is each step’s own, and none after the last', () => {
    const deadline = new Deadline()
    const signal = deadline.within(1_000)
    vi.advanceTimersByTime(999)
    expect(deadline.within(1_000)).toBe(signal)
    vi.advanceTimersByTime(999)
    expect(signal.aborted).toBe(false)
    deadline.stop()
    vi.advanceTimersByTime(100_000)
    expect(signal.aborted).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('aborts a late step, and leaves the next one its time', () => {
    const deadline = new Deadline()
    const late = deadline.within(1_000)
    vi.advanceTimersByTime(1_000)
    expect(late.reason).toMatchObject({ code: 'STREAM_TIMEOUT' })
    const next = deadline.within(1_000)
    expect(next.aborted).toBe(false)
    vi.advanceTimersByTime(1_000)
    expect(next.aborted).toBe(true)
  })
})
