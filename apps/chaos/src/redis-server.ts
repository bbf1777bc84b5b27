import { cpSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort, type LocalServer, parseQueueUrl, startLocalRedis } from '@sealane/host'
import { Redis } from 'ioredis'

/** A Redis of the run's own, durable as every Sealane Redis is, that can be killed, stopped, wiped and rolled back. */
export class RedisServer {
  #server: LocalServer | undefined
  #copies = 0

  private constructor(
    private readonly dir: string,
    readonly port: number,
  ) {}

  static async start(dir: string): Promise<RedisServer> {
    const redis = new RedisServer(dir, await freePort())
    await redis.#start()
    return redis
  }

  /** `redis://:password@127.0.0.1:port`, by another port when the line to it is a proxy. */
  url(port = this.port): string {
    const url = new URL(this.#running().url)
    url.port = String(port)
    return url.href.replace(/\/$/, '')
  }

  get pid(): number {
    return this.#running().pid
  }

  /** kill -9; started again at once with what its append-only file holds. */
  async kill(): Promise<void> {
    const server = this.#running()
    process.kill(server.pid, 'SIGKILL')
    await server.exited
    await this.#start()
  }

  async wipe(): Promise<void> {
    const address = parseQueueUrl(this.url())
    if (address.backend !== 'redis') throw new TypeError('not a Redis')
    const client = new Redis({ ...address.options, lazyConnect: true, retryStrategy: () => null })
    client.on('error', () => {}) // told by the call
    try {
      await client.connect()
      await client.flushall()
    } finally {
      client.disconnect()
    }
  }

  /** Copies the append-only file as it lies there, as a backup of a running server does; returns the place of the copy. */
  copy(): string {
    this.#copies += 1
    const copy = join(this.dir, `copy-${this.#copies}`)
    mkdirSync(copy)
    if (existsSync(this.#log())) cpSync(this.#log(), join(copy, 'appendonlydir'), { recursive: true })
    return copy
  }

  /** Puts an older copy in the place of what a killed server had. */
  async rollBack(copy: string): Promise<void> {
    const server = this.#running()
    process.kill(server.pid, 'SIGKILL')
    await server.exited
    if (existsSync(this.#log())) renameSync(this.#log(), `${copy}-replaced`)
    if (existsSync(join(copy, 'appendonlydir'))) renameSync(join(copy, 'appendonlydir'), this.#log())
    await this.#start()
  }

  async freeze(forMs: number, signal: AbortSignal): Promise<void> {
    const { pid } = this
    process.kill(pid, 'SIGSTOP')
    try {
      await pause(forMs, undefined, { signal })
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    this.#server = undefined
  }

  #log(): string {
    return join(this.dir, 'appendonlydir')
  }

  #running(): LocalServer {
    if (this.#server === undefined) throw new TypeError('this Redis is not running')
    return this.#server
  }

  async #start(): Promise<void> {
    const { dir, port } = this
    // A copy of a log that was being written may end in half a command.
    this.#server = await startLocalRedis({ dir, port, extra: ['aof-load-truncated yes'] })
    if (this.#server === undefined)
      throw new Error('redis-server or valkey-server is needed on PATH: install one')
  }
}
