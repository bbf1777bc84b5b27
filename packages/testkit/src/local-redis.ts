import { type LocalServer, startLocalRedis } from '@sealane/host'
import { afterAll, beforeAll } from 'vitest'
import { temporaryDirectory } from './temporary-directory.js'

export interface LocalRedis {
  /** For createQueues. Stays the same over restart(). */
  readonly url: string
  /** kill -9. */
  kill(): Promise<void>
  /** Starts it again on the same data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** A real redis-server or valkey-server for this test file, on a unix socket of its own. Call it at the top of a file or describe. */
export function localRedis(): LocalRedis {
  const dir = temporaryDirectory()
  let server: LocalServer | undefined
  const start = async () => {
    server = await startLocalRedis({ dir })
    if (server === undefined)
      throw new Error('tests need redis-server or valkey-server: apt-get install redis-server')
  }
  const running = (): LocalServer => {
    if (server === undefined) throw new Error('Redis is not running')
    return server
  }
  beforeAll(start)
  afterAll(() => server?.stop())
  return {
    get url() {
      return running().url
    },
    kill: () => running().kill(),
    restart: start,
    stop: () => running().stop(),
  }
}
