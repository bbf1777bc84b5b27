import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { HostError } from '../errors/host-error.js'

export interface RedisAddress {
  readonly backend: 'redis'
  readonly options: {
    readonly path?: string
    readonly host?: string
    readonly port?: number
    readonly username?: string
    readonly password?: string
    readonly db?: number
    readonly tls?: TlsOptions
  }
  /** For messages: no secrets in it. */
  readonly shown: string
}

export interface PostgresAddress {
  readonly backend: 'postgres'
  readonly connectionString: string
  readonly shown: string
}

/**
 * Where the queues live: `redis://[user:password@]host:port[/db]`, `rediss://…` (TLS, with `tls`),
 * `unix:/path/to.sock?password=…&db=…` or `postgres://…/database`. Throws HostError QUEUE_URL (`halt`).
 */
export function parseQueueUrl(url: string, tls?: TlsOptions): RedisAddress | PostgresAddress {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw wrong('not a URL')
  }
  // What stands before the host is still escaped, what a search parameter says is not.
  const password = decoded(parsed.password) || parsed.searchParams.get('password')
  const username = decoded(parsed.username) || parsed.searchParams.get('user')
  const credentials = {
    ...(password ? { password } : {}),
    ...(username ? { username } : {}),
  }
  switch (parsed.protocol) {
    case 'unix:':
    case 'redis+unix:': {
      if (parsed.pathname === '') throw wrong('no socket path')
      const db = database(parsed.searchParams.get('db') ?? '')
      const path = decoded(parsed.pathname)
      return { backend: 'redis', options: { path, db, ...credentials }, shown: `unix:${path}` }
    }
    case 'redis:':
    case 'rediss:': {
      const host = parsed.hostname || '127.0.0.1'
      const port = Number(parsed.port || 6379)
      const db = database(parsed.pathname.slice(1))
      const secure = parsed.protocol === 'rediss:'
      const options = { host, port, db, ...credentials, ...(secure ? { tls: tls ?? {} } : {}) }
      return { backend: 'redis', options, shown: `${parsed.protocol}//${host}:${port}/${db}` }
    }
    case 'postgres:':
    case 'postgresql:':
      return {
        backend: 'postgres',
        connectionString: url,
        shown: `postgres://${parsed.host}${parsed.pathname}`,
      }
    default:
      throw wrong(`${parsed.protocol} is not redis:, rediss:, unix: or postgres:`)
  }
}

function database(text: string): number {
  if (!/^\d{0,9}$/.test(text)) throw wrong(`database "${text}" is not a number`)
  return Number(text)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw wrong('a % begins no escaped character')
  }
}

function wrong(reason: string): HostError {
  return new HostError({ code: 'QUEUE_URL', reason }, `queue url: ${reason}`)
}
