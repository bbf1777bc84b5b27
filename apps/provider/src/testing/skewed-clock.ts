import { Clock } from '../clock.js'

/** A clock that a test moves forward: what is remembered of the chain grows old at once, no timer waits for it. */
export class SkewedClock extends Clock {
  #skewMs = 0

  override now(): number {
    return super.now() + this.#skewMs
  }

  skip(ms: number): void {
    this.#skewMs += ms
  }
}
