import { once } from 'node:events'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import type { JobKind } from '@sealane/jobs'
import { type BulkJobOptions, createPostgresBackend, createRedisBackend, Queue } from 'bullmq'
import { Redis } from 'ioredis'
import type { z } from 'zod'
import { halt } from '../app/halt.js'
import type { Health, HealthRoom } from '../app/health.js'
import { HostError } from '../errors/host-error.js'
import type { Log } from '../log/log.js'
import { silentLog } from '../log/log.js'
import { parseQueueUrl } from './queue-url.js'
import { refuseVolatileRedis } from './redis-durability.js'
import { BLOCK_SECONDS, WatchedWorker } from './watched-worker.js'

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

export interface QueueWorker {
  readonly queueName: string
  /** Handlers running now. */
  readonly active: number
  setConcurrency(concurrency: number): void
  /** Aborts running handlers, waits for them for `graceMs` (2,000), disconnects. */
  close(o?: { graceMs?: number }): Promise<void>
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
  /** Told when the server's settings would lose jobs; default: halt the process. */
  readonly onVolatile?: (error: HostError) => void
  /** Jobs with more bytes of JSON are dropped unread. Default 128 KiB. */
  readonly maxJobBytes?: number
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
/** An add just after a lost connection waits this long for the next. Unit: ms. */
const RECONNECT_WAIT_MS = 500
/** Twice the blocking fetch plus slack. Unit: ms. Source: faults.md Q7. */
const SILENCE_MS = 2 * BLOCK_SECONDS * 1_000 + 5_000
const WATCH_EVERY_MS = 2_500
/** Lock of a running job; the claim in the row, not this, decides who owns the work. Unit: ms. Source: BullMQ's default. */
const LOCK_MS = 30_000
const CLOSE_TIMEOUT_MS = 1_500
/** Together at most 15 s until a half-open line is known; faults.md N2 asks for 20. Unit: ms. */
const PULSE_MS = 10_000
const PING_TIMEOUT_MS = 5_000

/** Opens the queues of one server; returns at once, connects in the background and goes on trying with jitter. */
export function createQueues(o: QueuesOptions): Queues {
  const log = (o.log ?? silentLog()).child({ room: o.name ?? 'queues' })
  const lamp = o.health?.room(o.name ?? 'queues')
  const address = parseQueueUrl(o.url, o.tls)
  return address.backend === 'redis'
    ? new BullQueues(redisServer(address, log, lamp, o.onVolatile ?? halt), log, lamp, o)
    : new BullQueues(postgresServer(address, log, lamp), log, lamp, o)
}

interface ServerJob {
  readonly data: unknown
  readonly id?: string | undefined
}

/** What we use of BullMQ's Queue and Worker: only what both backends do alike. */
interface ServerQueue {
  addBulk(jobs: { name: string; data: unknown; opts: BulkJobOptions }[]): Promise<unknown>
  getJobCounts(...types: ('wait' | 'delayed' | 'prioritized' | 'active')[]): Promise<Record<string, number>>
  on(event: 'error', listener: (error: Error) => void): unknown
  close(): Promise<void>
}

interface ServerWorker {
  readonly silentMs: number
  concurrency: number
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'drained', listener: () => void): unknown
  pause(doNotWaitActive: boolean): Promise<void>
  close(force: boolean): Promise<void>
}

/** What differs between the two backends. */
interface Server {
  readonly backend: 'redis' | 'postgres'
  readonly shown: string
  queue(name: string): ServerQueue
  worker(name: string, run: (job: ServerJob) => Promise<void>, concurrency: number): ServerWorker
  /** Whether it is connected; waits a moment for that, longer before the first time. */
  ready(): Promise<boolean>
  /** Whether the server answers now. */
  ping(): Promise<boolean>
  check(): Promise<boolean>
  disconnect(): void
}

class BullQueues implements Queues {
  readonly backend: 'redis' | 'postgres'
  readonly #queues = new Map<string, ServerQueue>()
  readonly #workers = new Map<string, BullWorker>()
  readonly #watch: NodeJS.Timeout
  readonly #maxJobBytes: number
  #closed: Promise<void> | undefined

  constructor(
    private readonly server: Server,
    private readonly log: Log,
    private readonly lamp: HealthRoom | undefined,
    o: QueuesOptions,
  ) {
    this.backend = server.backend
    this.#maxJobBytes = o.maxJobBytes ?? 128 * 1024
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
    if (this.#closed) throw closed()
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
    if (this.#closed) throw closed()
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
    if (this.#closed) throw closed()
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${ADD_TIMEOUT_MS} ms`)), ADD_TIMEOUT_MS)
    })
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

class BullWorker implements QueueWorker {
  #worker: ServerWorker
  readonly #running = new Set<Promise<void>>()
  readonly #abort = new AbortController()

  constructor(
    readonly queueName: string,
    private concurrency: number,
    private readonly server: Server,
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
    this.#abort.abort(closed())
    void this.#worker.pause(true).catch(() => {})
    await within(o.graceMs ?? 2_000, Promise.allSettled(this.#running))
    await within(CLOSE_TIMEOUT_MS, this.#worker.close(true))
  }

  #build(): ServerWorker {
    const worker = this.server.worker(this.queueName, (job) => this.#run(job), this.concurrency)
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

function redisServer(
  address: Extract<ReturnType<typeof parseQueueUrl>, { backend: 'redis' }>,
  log: Log,
  lamp: HealthRoom | undefined,
  onVolatile: (error: HostError) => void,
): Server {
  const { shown } = address
  const options = {
    ...address.options,
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    // A half-open connection is found by the blocking fetch's own timeout and by this.
    keepAlive: 10_000,
    retryStrategy: (times: number) =>
      Math.round(Math.min(200 * 2 ** Math.min(times, 6), 10_000) * (0.5 + Math.random() / 2)),
  }
  const producer = new Redis(options)
  const consumer = new Redis(options)
  consumer.on('error', () => {}) // the producer's listeners speak for both
  let told = ''
  let everReady = false
  const ready = async (): Promise<boolean> => {
    if (producer.status !== 'ready') {
      await within(everReady ? RECONNECT_WAIT_MS : ADD_TIMEOUT_MS, once(producer, 'ready'))
    }
    return producer.status === 'ready'
  }
  const check = async (): Promise<boolean> => {
    if (producer.status !== 'ready') return false
    await refuseVolatileRedis(producer, shown)
    return true
  }
  producer.on('error', (error: Error) => {
    lamp?.red(`Redis ${shown}: ${error.message || error.name}`)
    if (error.message !== told) log.warn('Redis away, trying again', { server: shown, error })
    told = error.message
  })
  producer.on('close', () => lamp?.red(`Redis ${shown} is away: start it or check the url`))
  producer.on('ready', () => {
    told = ''
    everReady = true
    check().then(
      () => lamp?.green(),
      (error: unknown) => {
        if (error instanceof HostError) {
          lamp?.red(error.message)
          onVolatile(error)
        } else log.warn('Redis settings not read', { server: shown, error })
      },
    )
  })
  // Neither TCP nor a blocking fetch tells of a half-open line or a frozen server; a question without an answer does.
  const heartbeat = async (): Promise<boolean> => {
    if (producer.status !== 'ready') return false
    const answers = await Promise.all(
      [producer, consumer].map((redis) => within(PING_TIMEOUT_MS, redis.ping())),
    )
    for (const [at, redis] of [producer, consumer].entries()) {
      if (answers[at] !== 'PONG' && redis.status === 'ready') redis.disconnect(true)
    }
    const alive = answers.every((answer) => answer === 'PONG')
    if (!alive) lamp?.red(`Redis ${shown} does not answer: frozen, or the line to it is cut`)
    return alive
  }
  const pulse = setInterval(() => void heartbeat(), PULSE_MS)
  pulse.unref()
  return {
    backend: 'redis',
    shown,
    queue: (name) => new Queue(name, { connection: producer }, createRedisBackend),
    worker: (name, run, concurrency) =>
      new WatchedWorker(
        name,
        run,
        { connection: consumer, ...workerOptions(concurrency) },
        createRedisBackend,
      ),
    ready,
    ping: heartbeat,
    check,
    disconnect: () => {
      clearInterval(pulse)
      producer.disconnect()
      consumer.disconnect()
    },
  }
}

function postgresServer(
  address: Extract<ReturnType<typeof parseQueueUrl>, { backend: 'postgres' }>,
  log: Log,
  lamp: HealthRoom | undefined,
): Server {
  const { connectionString, shown } = address
  const connection = { connectionString, migrate: true, max: 2, connectionTimeoutMillis: 4_000 }
  const probe = new Queue('probe', { connection }, createPostgresBackend)
  probe.on('error', (error) => log.debug('queue error', { error }))
  const ping = async (): Promise<boolean> => {
    try {
      return (await within(4_000, probe.getJobCounts('wait'))) !== undefined
    } catch {
      return false
    }
  }
  const look = async () => {
    if (await ping()) lamp?.green()
    else lamp?.red(`PostgreSQL ${shown} is away: start it or check the url`)
  }
  void look()
  const timer = setInterval(() => void look(), 5_000)
  timer.unref()
  return {
    backend: 'postgres',
    shown,
    queue: (name) => new Queue(name, { connection }, createPostgresBackend),
    worker: (name, run, concurrency) =>
      new WatchedWorker(name, run, { connection, ...workerOptions(concurrency) }, createPostgresBackend),
    ready: async () => true,
    ping,
    check: ping,
    disconnect: () => {
      clearInterval(timer)
      void within(CLOSE_TIMEOUT_MS, probe.close())
    },
  }
}

function workerOptions(concurrency: number) {
  return {
    concurrency,
    drainDelay: BLOCK_SECONDS,
    lockDuration: LOCK_MS,
    // A stall never decides anything: the claim in the row does, so no job is failed for being stalled often.
    maxStalledCount: 1_000_000,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
    runRetryDelay: 1_000,
  }
}

function closed(): HostError {
  return new HostError({ code: 'QUEUES_CLOSED' }, 'the queues are closing')
}

/** The result of `work`, or undefined after `ms`; the rest of `work` is then nobody's business. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  work.catch(() => {})
  let timer: NodeJS.Timeout | undefined
  try {
    return await Promise.race([
      work,
      new Promise<undefined>((resolve) => {
        timer = setTimeout(resolve, ms, undefined)
      }),
    ])
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

/** JSON between our own processes: bigint as decimal string, bytes as base64. */
function wire(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => {
      if (typeof item === 'bigint') return item.toString()
      return item instanceof Uint8Array ? Buffer.from(item).toString('base64') : item
    }),
  )
}
