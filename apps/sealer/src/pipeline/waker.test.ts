import { silentLog } from '@sealane/host'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Waker } from './waker.js'

/** Work that takes `ms` of the test's own clock. */
const taking = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

function wakerOf(rows: Map<number, number>, work: (key: number) => Promise<boolean>, concurrency = 2) {
  return new Waker<number>({
    due: async (nowMs) => [...rows].filter(([, at]) => at <= nowMs).map(([key]) => key),
    nextWakeAt: async (nowMs) => {
      const later = [...rows.values()].filter((at) => at > nowMs)
      return later.length === 0 ? undefined : Math.min(...later)
    },
    work,
    concurrency,
    log: silentLog(),
    now: Date.now,
  })
}

describe('the waker', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('works rows when their time comes, each once at a time, never more at once than it may', async () => {
    const rows = new Map([...Array(8).keys()].map((key) => [key, Date.now() + (key % 3) * 30]))
    const done: number[] = []
    let running = 0
    let most = 0
    const waker = wakerOf(rows, async (key) => {
      running += 1
      most = Math.max(most, running)
      await taking(5)
      running -= 1
      rows.delete(key)
      done.push(key)
      return false
    })
    waker.start()
    await vi.advanceTimersByTimeAsync(250)
    await waker.stop(100)
    expect(done.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(most).toBe(2)
  })

  it('comes back to a row that was nudged while it was being worked', async () => {
    let works = 0
    const waker = wakerOf(new Map(), async () => {
      works += 1
      await taking(20)
      return false
    })
    waker.nudge(1)
    waker.nudge(1)
    waker.nudge(1)
    await vi.advanceTimersByTimeAsync(100)
    await waker.stop(100)
    expect(works).toBe(2)
  })

  it('lets a nudged row wait for a free place, and forgets none', async () => {
    const done: number[] = []
    const waker = wakerOf(new Map(), async (key) => {
      await taking(10)
      done.push(key)
      return false
    })
    for (let key = 0; key < 6; key += 1) waker.nudge(key)
    await vi.advanceTimersByTimeAsync(150)
    await waker.stop(100)
    expect(done).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('lets a row whose work throws rest: it neither spins nor keeps others away', async () => {
    const rows = new Map([
      [1, 0],
      [2, 0],
    ])
    const tried: number[] = []
    const waker = wakerOf(rows, async (key) => {
      tried.push(key)
      if (key === 1) throw new Error('poison')
      rows.delete(key)
      return false
    })
    waker.start()
    await vi.advanceTimersByTimeAsync(200)
    expect(tried).toEqual([1, 2])
    waker.nudge(1)
    expect(tried, 'a nudge does not wake it').toEqual([1, 2])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(tried, 'its rest is over').toEqual([1, 2, 1])
    await waker.stop(0)
  })
})
