import type { HealthRoom } from '../app/health.js'
import type { Log } from '../log/log.js'
import { CLOSE_TIMEOUT_MS, type QueueServer, type ServerJob, type ServerWorker } from './queue-server.js'
import { queuesClosed } from './queues-closed.js'
import { BLOCK_SECONDS } from './watched-worker.js'
import { within } from './within.js'

/** Twice the blocking fetch plus slack. Unit: ms. Source: faults.md Q7. */
const SILENCE_MS = 2 * BLOCK_SECONDS * 1_000 + 5_000

export interface QueueWorker {
  readonly queueName: string
  /** Handlers running now. */
  readonly active: number
  setConcurrency(concurrency: number): void
  /** Aborts running handlers, waits for them for `graceMs` (2,000), disconnects. */
  close(o?: { graceMs?: number }): Promise<void>
}

/** One queue's worker on either backend: aborts its handlers when it closes, and can be rebuilt when the library's falls silent. */
export class BullWorker implements QueueWorker {
  #worker: ServerWorker
  readonly #running = new Set<Promise<void>>()
  readonly #abort = new AbortController()

  constructor(
    readonly queueName: string,
    private concurrency: number,
    private readonly lockMs: number,
    private readonly server: QueueServer,
    private readonly log: Log,
    private readonly lamp: HealthRoom | undefined,
    private readonly forget: () => void,
    private readonly handle: (data: unknown, signal: AbortSignal) => Promise<void>,
  ) {
    this.#worker = this.#build()
  }

  get active(): number {
    return this.#running.size
  }

  get silent(): boolean {
    return this.active < this.concurrency && this.#worker.silentMs > SILENCE_MS
  }

  setConcurrency(concurrency: number): void {
    this.concurrency = concurrency
    this.#worker.concurrency = concurrency
  }

  /** Puts a fresh worker in the silent one's place; running handlers go on, their rows decide. */
  rebuild(): void {
    this.log.warn('worker silent, rebuilt', {
      queue: this.queueName,
      silentMs: Math.round(this.#worker.silentMs),
    })
    this.lamp?.red(`worker of ${this.queueName} was silent, rebuilt`)
    const old = this.#worker
    this.#worker = this.#build()
    void within(CLOSE_TIMEOUT_MS, old.close(true))
  }

  async close(o: { graceMs?: number } = {}): Promise<void> {
    this.forget()
    this.#abort.abort(queuesClosed())
    void this.#worker.pause(true).catch(() => {})
    await within(o.graceMs ?? 2_000, Promise.allSettled(this.#running))
    await within(CLOSE_TIMEOUT_MS, this.#worker.close(true))
  }

  #build(): ServerWorker {
    const { concurrency, lockMs } = this
    const worker = this.server.worker(this.queueName, (job) => this.#run(job), { concurrency, lockMs })
    worker.on('error', (error) => this.log.debug('worker error', { queue: this.queueName, error }))
    worker.on('drained', () => {
      if (this.lamp?.reason.startsWith(`worker of ${this.queueName}`)) this.lamp.green()
    })
    return worker
  }

  async #run(job: ServerJob): Promise<void> {
    const run = this.handle(job.data, this.#abort.signal).catch((error: unknown) => {
      if (!this.#abort.signal.aborted)
        this.log.error('job failed', { queue: this.queueName, job: job.id, error })
    })
    this.#running.add(run)
    try {
      await run
    } finally {
      this.#running.delete(run)
    }
  }
}
