/** Wall time, injected so that tests can hold it still. */
export class Clock {
  /** Unix ms. */
  now(): number {
    return Date.now()
  }
  /** 0 ≤ r < 1, for jitter only. */
  random(): number {
    return Math.random()
  }
}
