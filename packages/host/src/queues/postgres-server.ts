import { createPostgresBackend, Queue } from 'bullmq'
import type { HealthRoom } from '../app/health.js'
import type { Log } from '../log/log.js'
import { CLOSE_TIMEOUT_MS, type QueueServer, workerOptions } from './queue-server.js'
import type { parseQueueUrl } from './queue-url.js'
import { WatchedWorker } from './watched-worker.js'
import { within } from './within.js'

/** BullMQ's PostgreSQL backend: a convenience for first runs without Redis. */
export function postgresServer(
  address: Extract<ReturnType<typeof parseQueueUrl>, { backend: 'postgres' }>,
  log: Log,
  lamp: HealthRoom | undefined,
): QueueServer {
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
    worker: (name, run, settings) =>
      new WatchedWorker(name, run, { connection, ...workerOptions(settings) }, createPostgresBackend),
    ready: async () => true,
    ping,
    check: ping,
    disconnect: () => {
      clearInterval(timer)
      void within(CLOSE_TIMEOUT_MS, probe.close())
    },
  }
}
