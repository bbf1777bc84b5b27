import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { JobKind } from '@sealane/jobs'
import type { z } from 'zod'
import { halt } from '../app/halt.js'
import type { Health, HealthRoom } from '../app/health.js'
import { HostError } from '../errors/host-error.js'
import type { Log } from '../log/log.js'
import { silentLog } from '../log/log.js'
import { postgresServer } from './postgres-server.js'
import { refuseExposedUrl } from './queue-exposure.js'
import { CLOSE_TIMEOUT_MS, LOCK_MS, type QueueServer, type ServerQueue } from './queue-server.js'
import { parseQueueUrl } from './queue-url.js'
import { BullWorker, type QueueWorker } from './queue-worker.js'
import { queuesClosed } from './queues-closed.js'
import { redisServer } from './redis-server.js'
import { wire } from './wire.js'
import { within } from './within.js'

/** What to do with one payload. `signal` aborts when the queues close: stop, release what is claimed. Its outcome decides nothing but a log line. */
export type JobHandler<Kind extends JobKind> = (
  payload: z.output<Kind['payload']>,
  signal: AbortSignal,
) => Promise<void>

export interface AddOptions {
  readonly delayMs?: number
  /** 1 is the most urgent, 2,097,151 the least; none goes before all. */
  readonly priority?: number
  /** In place of the kind's own queue. */
  readonly queueName?: string
}

export interface WorkOptions {
  readonly concurrency?: number
  readonly queueName?: string
}

export interface QueuesOptions {
  /** See parseQueueUrl. */
  readonly url: string
  /** For `rediss:`; see tlsOptions. */
  readonly tls?: TlsOptions
  /** Names these queues in health and log, when an app has two (`crossing`, `home`). */
  readonly name?: string
  readonly log?: Log
  readonly health?: Health
  /** Refuses a server without TLS on this machine too; off this machine it always is. See refuseExposedUrl. */
  readonly tlsRequired?: boolean
  /** Told when the server's settings would lose jobs, or when it is open to others; default: halt the process. */
  readonly onVolatile?: (error: HostError) => void
  /** Jobs with more bytes of JSON are dropped unread. Default 128 KiB. */
  readonly maxJobBytes?: number
  /** A job whose process is not heard of for this long is given to another. Default 30,000. */
  readonly lockMs?: number
}

/** One connection's queues. Every add is only a hint: the row is the truth, reconcile adds what is missing. */
export interface Queues {
  readonly backend: 'redis' | 'postgres'
  /** Adds one job under its kind's id (a known id is not added twice). Rejects with HostError QUEUE_DOWN (`retry`) within 5 s when the server is away. */
  add<Kind extends JobKind>(kind: Kind, payload: z.input<Kind['payload']>, o?: AddOptions): Promise<void>
  /** The same for many, in one round trip per queue. */
  addBulk<Kind extends JobKind>(
    kind: Kind,
    payloads: readonly z.input<Kind['payload']>[],
    o?: AddOptions,
  ): Promise<void>
  /** As add, but never rejects: a lost hint is logged, reconcile repeats it. */
  hint<Kind extends JobKind>(kind: Kind, payload: z.input<Kind['payload']>, o?: AddOptions): Promise<void>
  /** Works a kind's queue, or the dynamic one named in `queueName`. Two workers of one queue in one process are refused. */
  work<Kind extends JobKind>(kind: Kind, handler: JobHandler<Kind>, o?: WorkOptions): QueueWorker
  /** Jobs waiting, delayed, prioritised and active in a queue, for gauges. */
  depth(queueName: string): Promise<number>
  /** True when the server answers; throws HostError QUEUE_VOLATILE when its settings would lose jobs. */
  check(): Promise<boolean>
  /** Stops all workers and connections within about 4 s, whether or not the server is there. */
  close(): Promise<void>
}

/** The server has this long to take a job. Unit: ms. */
const ADD_TIMEOUT_MS = 5_000
const WATCH_EVERY_MS = 2_500
/** A hostile job may be wrong in a thousand places; the log gets this much of them. */
const MAX_REASON_CHARACTERS = 500

/** Opens the queues of one server; returns at once, connects in the background and goes on trying with jitter. Throws HostError QUEUE_URL, QUEUE_EXPOSED. */
export function createQueues(o: QueuesOptions): Queues {
  const log = (o.log ?? silentLog()).child({ room: o.name ?? 'queues' })
  const lamp = o.health?.room(o.name ?? 'queues')
  const address = parseQueueUrl(o.url, o.tls)
  refuseExposedUrl(o.url, address.shown, o.tlsRequired ?? false)
  return address.backend === 'redis'
    ? new BullQueues(redisServer(address, log, lamp, o.onVolatile ?? halt), log, lamp, o)
    : new BullQueues(postgresServer(address, log, lamp), log, lamp, o)
}

class BullQueues implements Queues {
  readonly backend: 'redis' | 'postgres'
  readonly #queues = new Map<string, ServerQueue>()
  readonly #workers = new Map<string, BullWorker>()
  readonly #watch: NodeJS.Timeout
  readonly #maxJobBytes: number
  readonly #lockMs: number
  #closed: Promise<void> | undefined

  constructor(
    private readonly server: QueueServer,
    private readonly log: Log,
    private readonly lamp: HealthRoom | undefined,
    o: QueuesOptions,
  ) {
    this.backend = server.backend
    this.#maxJobBytes = o.maxJobBytes ?? 128 * 1024
    this.#lockMs = o.lockMs ?? LOCK_MS
    this.#watch = setInterval(() => void this.#watchWorkers(), WATCH_EVERY_MS)
    this.#watch.unref()
  }

  async add<Kind extends JobKind>(
    kind: Kind,
    payload: z.input<Kind['payload']>,
    o: AddOptions = {},
  ): Promise<void> {
    await this.addBulk(kind, [payload], o)
  }

  async addBulk<Kind extends JobKind>(
    kind: Kind,
    payloads: readonly z.input<Kind['payload']>[],
    o: AddOptions = {},
  ): Promise<void> {
    if (payloads.length === 0) return
    const name = o.queueName ?? kind.queue
    const opts = {
      attempts: 1,
      removeOnComplete: true,
      removeOnFail: true,
      ...(o.delayMs === undefined ? {} : { delay: Math.max(0, Math.round(o.delayMs)) }),
      ...(o.priority === undefined ? {} : { priority: o.priority }),
    }
    const jobs = payloads.map((payload) => {
      const parsed = kind.payload.parse(payload)
      return { name, data: wire(parsed), opts: { ...opts, jobId: kind.id(parsed) } }
    })
    await this.#bounded(name, (queue) => queue.addBulk(jobs))
  }

  async hint<Kind extends JobKind>(
    kind: Kind,
    payload: z.input<Kind['payload']>,
    o?: AddOptions,
  ): Promise<void> {
    try {
      await this.add(kind, payload, o)
    } catch (error) {
      this.log.warn('job not added, reconcile will', { queue: o?.queueName ?? kind.queue, error })
    }
  }

  work<Kind extends JobKind>(kind: Kind, handler: JobHandler<Kind>, o: WorkOptions = {}): QueueWorker {
    if (this.#closed) throw queuesClosed()
    const name = o.queueName ?? kind.queue
    if (this.#workers.has(name)) {
      throw new HostError(
        { code: 'JOB_WRONG', queue: name, reason: 'two handlers' },
        `queue ${name} has two handlers in this process`,
      )
    }
    const worker = new BullWorker(
      name,
      o.concurrency ?? 1,
      this.#lockMs,
      this.server,
      this.log,
      this.lamp,
      () => this.#workers.delete(name),
      async (data, signal) => {
        const sizeBytes = Buffer.byteLength(JSON.stringify(data) ?? '')
        if (sizeBytes > this.#maxJobBytes) {
          return this.log.warn('job dropped: too large', {
            queue: name,
            sizeBytes,
            maxBytes: this.#maxJobBytes,
          })
        }
        const parsed = kind.payload.safeParse(data)
        if (!parsed.success) {
          const reason = parsed.error.issues
            .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
            .join('; ')
            .slice(0, MAX_REASON_CHARACTERS)
          return this.log.warn('job dropped: not of its kind', { queue: name, reason })
        }
        await handler(parsed.data as z.output<Kind['payload']>, signal)
      },
    )
    this.#workers.set(name, worker)
    return worker
  }

  async depth(queueName: string): Promise<number> {
    const counts = await this.#bounded(queueName, (queue) =>
      queue.getJobCounts('wait', 'delayed', 'prioritized', 'active'),
    )
    return Object.values(counts).reduce((sum, count) => sum + count, 0)
  }

  check(): Promise<boolean> {
    return this.server.check()
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      clearInterval(this.#watch)
      await Promise.all([...this.#workers.values()].map((worker) => worker.close()))
      await Promise.all([...this.#queues.values()].map((queue) => within(CLOSE_TIMEOUT_MS, queue.close())))
      this.server.disconnect()
    })()
    return this.#closed
  }

  #queue(name: string): ServerQueue {
    if (this.#closed) throw queuesClosed()
    let queue = this.#queues.get(name)
    if (queue === undefined) {
      queue = this.server.queue(name)
      // The connection's own listeners tell of outages; without one here Node would throw.
      queue.on('error', (error) => this.log.debug('queue error', { queue: name, error }))
      this.#queues.set(name, queue)
    }
    return queue
  }

  async #bounded<T>(name: string, work: (queue: ServerQueue) => Promise<T>): Promise<T> {
    if (this.#closed) throw queuesClosed()
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${ADD_TIMEOUT_MS} ms`)), ADD_TIMEOUT_MS)
    })
    // It may pass while the first connection is still waited for: then nobody listens yet, and Node would end the process.
    timeout.catch(() => {})
    try {
      if (!(await this.server.ready())) throw new Error('not connected')
      const answer = work(this.#queue(name))
      answer.catch(() => {}) // it may still fail after the bound
      return await Promise.race([answer, timeout])
    } catch (cause) {
      if (cause instanceof HostError) throw cause
      if (cause instanceof Error && cause.name === 'ReplyError') {
        const { shown } = this.server
        throw new HostError(
          { code: 'QUEUE_REFUSED', queue: name, server: shown, reason: cause.message },
          `queue server ${shown} refuses: ${cause.message}`,
          { cause },
        )
      }
      // A BullMQ queue whose first connection failed fails for ever: the next add makes another.
      this.#discard(name)
      const { shown } = this.server
      const message = `queue server ${shown} does not answer: start it or check the url`
      throw new HostError({ code: 'QUEUE_DOWN', queue: name, server: shown }, message, { cause })
    } finally {
      clearTimeout(timer)
    }
  }

  #discard(name: string): void {
    const queue = this.#queues.get(name)
    this.#queues.delete(name)
    if (queue !== undefined) void within(CLOSE_TIMEOUT_MS, queue.close())
  }

  async #watchWorkers(): Promise<void> {
    const silent = [...this.#workers.values()].filter((worker) => worker.silent)
    if (silent.length === 0) return
    // With the server away silence is no news: its own lamp is red, and the worker reconnects.
    if (!(await this.server.ping())) return
    for (const worker of silent) worker.rebuild()
  }
}
