import { Redis } from 'ioredis'
import { HostError } from '../errors/host-error.js'
import type { RedisAddress } from './queue-url.js'

/** The question to a stranger's connection has this long. Unit: ms. */
const PATIENCE_MS = 5_000

/**
 * Refuses a queue server that others could read or write: off this machine only TLS with a user of our own; `tlsRequired` asks
 * for TLS on this machine too. A unix socket is never exposed. Throws HostError QUEUE_EXPOSED (`halt`).
 */
export function refuseExposedUrl(url: string, shown: string, tlsRequired: boolean): void {
  const { protocol, hostname, username, password } = new URL(url)
  if (protocol === 'unix:' || protocol === 'redis+unix:') return
  const here = isLoopback(hostname)
  if (protocol !== 'rediss:') {
    if (!here)
      throw exposed(
        shown,
        'no TLS on the way to another machine',
        'use rediss://user:password@host:port (infra/redis)',
      )
    if (tlsRequired)
      throw exposed(
        shown,
        'no TLS, and tls.required is true',
        'use rediss:// or a unix socket, or set tls.required = false where nobody else has an account',
      )
    return
  }
  if (!here && (username === '' || username === 'default' || password === ''))
    throw exposed(
      shown,
      'no user of its own',
      'name one with its password in the URL: rediss://user:password@host:port (infra/redis has the ACLs)',
    )
}

/** Asks the server as somebody without a password; throws HostError QUEUE_EXPOSED when it answers him. */
export async function refuseOpenRedis(address: RedisAddress): Promise<void> {
  const { host, port, tls } = address.options
  if (host === undefined || port === undefined || isLoopback(host)) return
  const stranger = new Redis({
    host,
    port,
    ...(tls === undefined ? {} : { tls }),
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: PATIENCE_MS,
    commandTimeout: PATIENCE_MS,
    retryStrategy: () => null,
  })
  stranger.on('error', () => {})
  try {
    await stranger.connect()
    if ((await stranger.ping()) !== 'PONG') return
  } catch {
    return // refused, as it should be, or away: then the lamp says so
  } finally {
    stranger.disconnect()
  }
  throw exposed(
    address.shown,
    'it answers without a password',
    'set "user default off" and give each role its user (infra/redis)',
  )
}

function isLoopback(host: string): boolean {
  return host === '' || host === 'localhost' || /^127\./.test(host) || /^\[?::1\]?$/.test(host)
}

function exposed(server: string, reason: string, fix: string): HostError {
  return new HostError({ code: 'QUEUE_EXPOSED', server, reason }, `queue server ${server}: ${reason}: ${fix}`)
}
