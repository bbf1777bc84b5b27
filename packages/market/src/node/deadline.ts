import { StreamError } from './stream-error.js'

/**
 * One signal for the steps of an exchange, each with a time of its own. `AbortSignal.timeout` for each step costs a
 * busy provider more than judging a proposal's terms, and its timers outlive the exchange.
 */
export class Deadline {
  #late = new AbortController()
  #timer: NodeJS.Timeout | undefined

  /** The next step may take so long, ms: the signal that aborts after it. */
  within(timeoutMs: number): AbortSignal {
    clearTimeout(this.#timer)
    // A step that was late is over; what follows it, such as closing, has time again.
    if (this.#late.signal.aborted) this.#late = new AbortController()
    const late = this.#late
    this.#timer = setTimeout(
      () => late.abort(new StreamError('STREAM_TIMEOUT', `not done within ${timeoutMs} ms`)),
      timeoutMs,
    ).unref()
    return late.signal
  }

  /** The exchange is over, or is waiting for ourselves. */
  stop(): void {
    clearTimeout(this.#timer)
  }
}
