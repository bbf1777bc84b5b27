import { setTimeout as pause } from 'node:timers/promises'
import { silentLog } from '@sealane/host'
import { describe, expect, it } from 'vitest'
import { Waker } from './waker.js'

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
  it('works rows when their time comes, each once at a time, never more at once than it may', async () => {
    const rows = new Map([...Array(8).keys()].map((key) => [key, Date.now() + (key % 3) * 30]))
    const done: number[] = []
    let running = 0
    let most = 0
    const waker = wakerOf(rows, async (key) => {
      running += 1
      most = Math.max(most, running)
      await pause(5)
      running -= 1
      rows.delete(key)
      done.push(key)
      return false
    })
    waker.start()
    await pause(250)
    await waker.stop(100)
    expect(done.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(most).toBe(2)
  })

  it('comes back to a row that was nudged while it was being worked', async () => {
    let works = 0
    const waker = wakerOf(new Map(), async () => {
      works += 1
      await pause(20)
      return false
    })
    waker.nudge(1)
    waker.nudge(1)
    waker.nudge(1)
    await pause(100)
    await waker.stop(100)
    expect(works).toBe(2)
  })

  it('lets a nudged row wait for a free place, and forgets none', async () => {
    const done: number[] = []
    const waker = wakerOf(new Map(), async (key) => {
      await pause(10)
      done.push(key)
      return false
    })
    for (let key = 0; key < 6; key += 1) waker.nudge(key)
    await pause(150)
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
    await pause(200)
    await waker.stop(0)
    expect(tried.filter((key) => key === 1)).toHaveLength(1)
    expect(tried).toContain(2)
  })
})
