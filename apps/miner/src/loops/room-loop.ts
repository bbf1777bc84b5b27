import { codeOf, type HealthRoom, type Log } from '@sealane/host'
import { backoffMs } from '@sealane/sql'

/** First and longest pause after a round that failed. Unit: ms. */
const BACKOFF_BASE_MS = 250
const BACKOFF_CAP_MS = 30_000
/** Lost races that are repeated at once. */
const MAX_STALE_IN_A_ROW = 5

export interface RoomLoopOptions {
  readonly room: string
  readonly log: Log
  readonly health: HealthRoom
  /** One round: looks at the rows that need something and does it. Must be safe to run again at any time. */
  readonly round: (signal: AbortSignal) => Promise<void>
  /** A round runs at least this often, whoever nudges. Unit: ms. */
  readonly everyMs: number
}

/**
 * Runs a room's rounds one after another: when nudged (nudges during a round make one more), and at least every `everyMs`.
 * A round that throws turns the room red with its reason and is repeated with backoff: nothing stops for ever in silence.
 */
export class RoomLoop {
  readonly #abort = new AbortController()
  #wake: (() => void) | undefined
  #nudged = true
  #failures = 0
  #stale = 0
  #running: Promise<void> | undefined

  constructor(private readonly o: RoomLoopOptions) {}

  start(): void {
    this.#running ??= this.#run()
  }

  /** Something changed: run a round soon. */
  nudge(): void {
    this.#nudged = true
    if (this.#failures === 0) this.#wake?.()
  }

  /** Ends after the round under way; its signal is aborted. */
  async stop(): Promise<void> {
    this.#abort.abort()
    this.#wake?.()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    while (!signal.aborted) {
      this.#nudged = false
      try {
        await this.o.round(signal)
        this.#failures = 0
        this.#stale = 0
        this.o.health.green()
      } catch (error) {
        if (signal.aborted) return
        if (codeOf(error) === 'STALE_TURN' && this.#stale < MAX_STALE_IN_A_ROW) {
          // Another room moved the row first: read again, decide again. Nothing is wrong.
          this.#stale += 1
          this.#nudged = true
          continue
        }
        const reason = error instanceof Error ? error.message : String(error)
        if (this.#failures === 0)
          this.o.log.warn('round failed, will be repeated', { room: this.o.room, error })
        this.#failures += 1
        this.o.health.red(reason)
      }
      const pauseMs =
        this.#failures > 0
          ? backoffMs(this.#failures - 1, {
              baseMs: BACKOFF_BASE_MS,
              capMs: BACKOFF_CAP_MS,
              random: Math.random(),
            })
          : this.o.everyMs
      if (this.#failures === 0 && this.#nudged) continue
      await this.#pause(pauseMs, signal)
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      this.#wake = done
      const self = this
      function done() {
        clearTimeout(timer)
        self.#wake = undefined
        resolve()
      }
    })
  }
}
