import type { Log } from '@sealane/host'

/** Reconcile looks at the index at least this often, whatever was promised. Unit: ms. Source: design rule 1. */
const RECONCILE_MS = 60_000
/** A key whose work throws (a bug, a sick disk) rests this long, so that it neither spins nor stops others. Unit: ms. */
const REST_MS = 5_000

export interface WakerOptions<Key> {
  /** Keys whose `wake_at` has come, the longest due first. */
  due: (nowMs: number) => Promise<Key[]>
  /** The next `wake_at` in the future, if any. */
  nextWakeAt: (nowMs: number) => Promise<number | undefined>
  /** Does one step; true when the thing moved and may have more to do at once. */
  work: (key: Key) => Promise<boolean>
  /** How many at once. */
  concurrency: number
  log: Log
  now: () => number
}

/** Works rows when their `wake_at` comes: one at a time per key, several keys at once, never all rows. */
export class Waker<Key extends string | number> {
  readonly #busy = new Set<Key>()
  /** Busy keys that were nudged meanwhile. */
  readonly #again = new Set<Key>()
  /** Keys that wait for a free place, first come first served. */
  readonly #waiting = new Set<Key>()
  readonly #resting = new Set<Key>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #stopped = false

  constructor(private readonly o: WakerOptions<Key>) {}

  start(): void {
    void this.look()
  }

  /** This key may have something to do now: a claim completed, an event came. */
  nudge(key: Key): void {
    if (this.#stopped || this.#resting.has(key)) return
    if (this.#busy.has(key)) this.#again.add(key)
    else if (this.#busy.size < this.o.concurrency) void this.#run(key)
    else this.#waiting.add(key)
  }

  /** Reads what is due and works it; then sleeps until the next row is. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookOnce(): Promise<void> {
    if (this.#stopped) return
    let sleepMs = RECONCILE_MS
    try {
      const nowMs = this.o.now()
      for (const key of await this.o.due(nowMs)) if (!this.#busy.has(key)) this.nudge(key)
      const next = await this.o.nextWakeAt(nowMs)
      if (next !== undefined) sleepMs = Math.min(sleepMs, Math.max(next - this.o.now(), 5))
    } catch (error) {
      if (this.#stopped) return
      this.o.log.error('reconcile failed', { error })
      sleepMs = REST_MS
    }
    clearTimeout(this.#timer)
    if (!this.#stopped) this.#timer = setTimeout(() => void this.look(), sleepMs)
  }

  async #run(key: Key): Promise<void> {
    this.#waiting.delete(key)
    this.#busy.add(key)
    try {
      do this.#again.delete(key)
      while (!this.#stopped && ((await this.o.work(key)) || this.#again.has(key)))
    } catch (error) {
      this.o.log.error('row not worked', { key, error })
      this.#rest(key)
    } finally {
      this.#busy.delete(key)
      this.#again.delete(key)
    }
    const [next] = this.#waiting
    // The step may have set a wake_at nearer than the one slept for, and others may be due.
    if (next === undefined || this.#stopped) void this.look()
    else void this.#run(next)
  }

  #rest(key: Key): void {
    this.#resting.add(key)
    const timer = setTimeout(() => {
      this.#resting.delete(key)
      this.nudge(key)
    }, REST_MS)
    timer.unref()
  }

  /** Lets what runs finish for at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true
    this.#waiting.clear()
    clearTimeout(this.#timer)
    const end = Date.now() + graceMs
    while (this.#busy.size > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
