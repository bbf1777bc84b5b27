import { afterEach, describe, expect, it, vi } from 'vitest'
import { Health } from './health.js'
import { type Repeated, repeatedly } from './repeatedly.js'

let loop: Repeated | undefined
afterEach(() => loop?.close())

describe('repeatedly', () => {
  it('runs at once, then again and again, never twice at once, and once more when nudged during a run', async () => {
    let runs = 0
    let inside = 0
    loop = repeatedly({
      name: 'reconcile',
      everyMs: 60_000,
      run: async () => {
        inside++
        expect(inside).toBe(1)
        await new Promise((resolve) => setTimeout(resolve, 10))
        inside--
        runs++
      },
    })
    loop.nudge()
    loop.nudge()
    await vi.waitFor(() => expect(runs).toBe(2))
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(runs).toBe(2)
    loop.nudge()
    await vi.waitFor(() => expect(runs).toBe(3))
  })
  it('goes on after a failure, and shows it on its lamp', async () => {
    const health = new Health()
    const reasons: string[] = []
    health.onChange((room) => reasons.push(room.reason))
    let runs = 0
    loop = repeatedly({
      name: 'reconcile',
      everyMs: 5,
      lamp: health.room('reconcile'),
      run: async () => {
        runs++
        if (runs < 3) throw new Error('disk full')
      },
    })
    await vi.waitFor(() => expect(health.report().ok).toBe(true))
    expect(reasons).toEqual(['reconcile: disk full', ''])
  })
  it('stops for good', async () => {
    let aborted = false
    loop = repeatedly({
      name: 'slow',
      everyMs: 1,
      run: (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true
            resolve()
          })
        }),
    })
    await loop.close()
    expect(aborted).toBe(true)
  })
})
