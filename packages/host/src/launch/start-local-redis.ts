import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Redis } from 'ioredis'
import { parseQueueUrl } from '../queues/queue-url.js'
import { findProgram } from './find-program.js'
import { freePort } from './free-port.js'
import { endLeftoverServer, noteServer } from './leftover-server.js'
import { type LocalServer, spawnServer, stopper, whenReady } from './local-server.js'

/** sun_path of a unix socket address. Unit: bytes. Source: unix(7). */
const MAX_SOCKET_PATH_BYTES = 107

export interface LocalRedisOptions {
  /** Holds its data, configuration and password; made 0700. */
  readonly dir: string
  /** The socket file; default `<dir>/redis.sock` when short enough, else a free loopback port. */
  readonly socketPath?: string
  /** A loopback port in place of a socket; 0 finds a free one. */
  readonly port?: number
  /** Extra lines of redis.conf, after and above ours (for tests). */
  readonly extra?: readonly string[]
}

/**
 * Starts a private valkey-server or redis-server from PATH with durable settings (append-only file, fsync always,
 * no eviction) and a password; undefined when neither is installed. The same dir keeps its data and password; a server
 * that a killed process left on it is ended first.
 */
export async function startLocalRedis(o: LocalRedisOptions): Promise<LocalServer | undefined> {
  const program = findProgram(['valkey-server', 'redis-server'])
  if (program === undefined) return undefined
  const dir = resolve(o.dir)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  await endLeftoverServer({ dir, workDir: dir, program, gentle: 'SIGTERM' })
  const password = keptPassword(join(dir, 'password'))
  const socketPath = o.port === undefined ? (o.socketPath ?? join(dir, 'redis.sock')) : undefined
  const onSocket = socketPath !== undefined && Buffer.byteLength(socketPath) <= MAX_SOCKET_PATH_BYTES
  const port = onSocket ? 0 : o.port || (await freePort())
  // In a file, not in argv: every user may read argv.
  const conf = [
    'daemonize no',
    'bind 127.0.0.1',
    `port ${port}`,
    ...(onSocket ? [`unixsocket ${quoted(socketPath)}`, 'unixsocketperm 700'] : []),
    `dir ${quoted(dir)}`,
    `requirepass ${password}`,
    'appendonly yes',
    'appendfsync always',
    'maxmemory-policy noeviction',
    'save ""',
    'logfile ""',
    ...(o.extra ?? []),
  ]
  writeFileSync(join(dir, 'redis.conf'), `${conf.join('\n')}\n`, { mode: 0o600 })
  const spawned = spawnServer(program, [join(dir, 'redis.conf')], { cwd: dir })
  noteServer(dir, spawned.child.pid)
  const url = onSocket
    ? `unix:${encodeURI(socketPath)}?password=${password}`
    : `redis://:${password}@127.0.0.1:${port}`
  const address = parseQueueUrl(url)
  await whenReady('redis-server', spawned, async () => {
    if (address.backend !== 'redis') return false
    const client = new Redis({
      ...address.options,
      lazyConnect: true,
      retryStrategy: () => null,
      connectTimeout: 1_000,
    })
    client.on('error', () => {}) // not up yet
    try {
      await client.connect()
      return (await client.ping()) === 'PONG'
    } finally {
      client.disconnect()
    }
  })
  return { url, pid: spawned.child.pid ?? 0, exited: spawned.exited, ...stopper(spawned, 'SIGTERM') }
}

function quoted(path: string): string {
  return `"${path.replaceAll('"', '\\"')}"`
}

/** The password in a file, made at the first call. */
export function keptPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const password = randomBytes(24).toString('base64url')
  writeFileSync(file, password, { mode: 0o600, flag: 'wx' })
  return password
}
