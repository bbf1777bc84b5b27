import { once } from 'node:events'
import { createRedisBackend, Queue } from 'bullmq'
import { Redis } from 'ioredis'
import type { HealthRoom } from '../app/health.js'
import { HostError } from '../errors/host-error.js'
import type { Log } from '../log/log.js'
import { plainTlsText } from '../tls/plain-tls-text.js'
import { refuseOpenRedis } from './queue-exposure.js'
import { type QueueServer, workerOptions } from './queue-server.js'
import type { parseQueueUrl } from './queue-url.js'
import { refuseVolatileRedis } from './redis-durability.js'
import { WatchedWorker } from './watched-worker.js'
import { within } from './within.js'

/** The first connection has this long before an add is refused. Unit: ms. */
const FIRST_CONNECT_MS = 5_000
/** An add just after a lost connection waits this long for the next. Unit: ms. */
const RECONNECT_WAIT_MS = 500
/** Together at most 15 s until a half-open line is known; faults.md N2 asks for 20. Unit: ms. */
const PULSE_MS = 10_000
const PING_TIMEOUT_MS = 5_000

/** A Redis or Valkey server: one connection to add, one to fetch, both watched by questions that must be answered. */
export function redisServer(
  address: Extract<ReturnType<typeof parseQueueUrl>, { backend: 'redis' }>,
  log: Log,
  lamp: HealthRoom | undefined,
  onVolatile: (error: HostError) => void,
): QueueServer {
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
      await within(everReady ? RECONNECT_WAIT_MS : FIRST_CONNECT_MS, once(producer, 'ready'))
    }
    return producer.status === 'ready'
  }
  const check = async (): Promise<boolean> => {
    if (producer.status !== 'ready') return false
    await refuseVolatileRedis(producer, shown)
    await refuseOpenRedis(address)
    return true
  }
  producer.on('error', (error: Error) => {
    lamp?.red(`Redis ${shown}: ${plainTlsText(error)}`)
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
    worker: (name, run, settings) =>
      new WatchedWorker(name, run, { connection: consumer, ...workerOptions(settings) }, createRedisBackend),
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
