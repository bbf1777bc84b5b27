import { join } from 'node:path'
import { type LocalServer, startLocalPostgres, startLocalRedis } from '@sealane/host'
import type { Places } from './state-dir.js'

export interface QueueServer {
  crossing: string
  home: string
  backend: 'redis' | 'postgres'
  stop: () => Promise<void>
  /** As stop, for a supervisor that cannot wait. */
  abandon: () => void
}

/**
 * The queue server of the demonstration: `REDIS_URL` when given, else a private Redis or Valkey from PATH, else PostgreSQL from npm.
 * A private one that dies is started again on the same socket with the same data.
 */
export async function keepQueues(
  places: Places,
  o: { env: NodeJS.ProcessEnv; died: (how: string) => void; notice: (line: string) => void },
): Promise<QueueServer> {
  const given = o.env.REDIS_URL
  if (given) {
    return {
      crossing: withDatabase(given, 0),
      home: withDatabase(given, 1),
      backend: 'redis',
      stop: async () => {},
      abandon: () => {},
    }
  }
  // SEALANE_QUEUES=postgres tries the fallback where a Redis is installed.
  const redis =
    o.env.SEALANE_QUEUES === 'postgres'
      ? undefined
      : await startLocalRedis({
          dir: join(places.state, 'redis'),
          socketPath: join(places.runtime, 'redis.sock'),
        })
  if (redis) {
    const keeper = keepAlive(redis, o.died, async () => {
      const again = await startLocalRedis({
        dir: join(places.state, 'redis'),
        socketPath: join(places.runtime, 'redis.sock'),
      })
      if (!again) throw new Error('redis-server is no longer on PATH')
      return again
    })
    return { crossing: `${redis.url}&db=0`, home: `${redis.url}&db=1`, backend: 'redis', ...keeper }
  }
  o.notice(
    'queues run on PostgreSQL (no redis-server or valkey-server used), a convenience for first runs, not for production',
  )
  const postgres = await startLocalPostgres({ dir: join(places.state, 'postgres') })
  const [crossing, home] = [await postgres.database('crossing'), await postgres.database('home')]
  return {
    crossing,
    home,
    backend: 'postgres',
    stop: () => postgres.stop(),
    abandon: () => process.kill(postgres.pid, 'SIGINT'),
  }
}

/** The same server with another database number; `redis://host:port` without one as well. */
export function withDatabase(given: string, database: number): string {
  const url = new URL(given)
  if (/unix:$/.test(url.protocol)) url.searchParams.set('db', String(database))
  else url.pathname = `/${database}`
  return url.href
}

function keepAlive(first: LocalServer, died: (how: string) => void, again: () => Promise<LocalServer>) {
  let current = first
  let stopping = false
  const watch = (server: LocalServer): void => {
    void server.exited.then(async (how) => {
      if (stopping) return
      died(how)
      current = await again()
      watch(current)
    })
  }
  watch(first)
  return {
    stop: async () => {
      stopping = true
      await current.stop()
    },
    abandon: () => {
      if (!stopping) process.kill(current.pid, 'SIGTERM')
    },
  }
}
