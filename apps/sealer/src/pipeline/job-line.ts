import type { Log, Queues } from '@sealane/host'
import type { JobKind, PayloadOf } from '@sealane/jobs'

/** Jobs of so long are added together. Unit: ms. */
const GATHER_MS = 5

/**
 * Hands jobs to the queues in bulk and behind the rows' backs: a step never waits for Redis. What does not arrive is added again
 * when its row wakes.
 */
export class JobLine {
  #waiting = new Map<string, { kind: JobKind; payloads: unknown[] }>()
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly queues: Pick<Queues, 'addBulk'>,
    private readonly log: Log,
  ) {}

  add<Kind extends JobKind>(kind: Kind, payload: PayloadOf<Kind>): void {
    const line = this.#waiting.get(kind.queue) ?? { kind, payloads: [] }
    line.payloads.push(payload)
    this.#waiting.set(kind.queue, line)
    this.#timer ??= setTimeout(() => this.#send(), GATHER_MS)
  }

  #send(): void {
    this.#timer = undefined
    const lines = [...this.#waiting.values()]
    this.#waiting = new Map()
    for (const { kind, payloads } of lines) {
      this.queues.addBulk(kind, payloads as never[]).catch((error: unknown) => {
        this.log.warn('jobs not added, reconcile will', { queue: kind.queue, jobs: payloads.length, error })
      })
    }
  }

  /** Forgets what is still here: the rows know it. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#waiting.clear()
  }
}
