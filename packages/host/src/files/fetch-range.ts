import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { HostError } from '../errors/host-error.js'
import { type Identity, type Role, roleName, tlsOptions } from '../tls/certificates.js'
import { plainTlsText } from '../tls/plain-tls-text.js'

export interface FetchRangeOptions {
  /** `https://host:port/path`, of our own configuration, never from a job. */
  readonly url: string
  readonly tls: Identity
  /** What the server must be by its certificate. */
  readonly role: Role
  /** First byte wanted; the rest of a broken transfer. */
  readonly start: bigint
  /** How many bytes the whole file must have. More is refused before a byte is read past it; another size is refused too. */
  readonly sizeBytes: bigint
  readonly signal?: AbortSignal
  /** No byte for this long ends the attempt. Default 20,000. */
  readonly idleTimeoutMs?: number
}

/**
 * Streams bytes `start` to the end of a file from a peer's file server: mutual TLS, pinned authority and role, no redirects.
 * Throws HostError FILE_TRANSFER (`retry`: go on from what has come), FILE_REFUSED (`hold`: not there, wrong role, redirect)
 * or FILE_TOO_LARGE (`drop`).
 */
export async function* fetchRange(o: FetchRangeOptions): AsyncGenerator<Uint8Array, void> {
  if (o.start === o.sizeBytes) return
  const agent = new Agent({
    ...tlsOptions(o.tls),
    servername: roleName(o.role),
    keepAlive: false,
    maxCachedSessions: 0,
  })
  try {
    const response = await head(o, agent)
    const wanted = o.sizeBytes - o.start
    let got = 0n
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) {
        got += BigInt(chunk.length)
        if (got > wanted) throw tooLarge(o)
        yield chunk
      }
    } catch (cause) {
      if (cause instanceof HostError || o.signal?.aborted) throw cause
      throw broken(o, cause)
    } finally {
      response.destroy()
    }
    if (got < wanted) throw broken(o, new Error(`ended after ${o.start + got} of ${o.sizeBytes} bytes`))
  } finally {
    agent.destroy()
  }
}

function head(o: FetchRangeOptions, agent: Agent): Promise<IncomingMessage> {
  const idleMs = o.idleTimeoutMs ?? 20_000
  return new Promise((resolve, reject) => {
    const outgoing = request(
      o.url,
      {
        agent,
        headers: { range: `bytes=${o.start}-`, 'accept-encoding': 'identity' },
        ...(o.signal === undefined ? {} : { signal: o.signal }),
      },
      (response) => {
        const refuse = (error: HostError) => {
          response.destroy()
          reject(error)
        }
        const { statusCode = 0, headers } = response
        const total = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers['content-range'] ?? '')
        if (statusCode >= 500) return refuse(broken(o, new Error(`HTTP ${statusCode}`)))
        // 416: the file is shorter than what we already have of it.
        if (statusCode !== 206)
          return refuse(refused(o, statusCode === 200 ? 'the server ignores Range' : `HTTP ${statusCode}`))
        if (total?.[1] !== String(o.start))
          return refuse(refused(o, `asked for byte ${o.start}, got ${headers['content-range'] ?? 'none'}`))
        const size = BigInt(total[2] ?? '0')
        if (size > o.sizeBytes) return refuse(tooLarge(o))
        if (size < o.sizeBytes) return refuse(refused(o, `file has ${size} bytes, ${o.sizeBytes} expected`))
        resolve(response)
      },
    )
    outgoing.setTimeout(idleMs, () => outgoing.destroy(new Error(`no byte for ${idleMs} ms`)))
    outgoing.on('error', (cause) => reject(o.signal?.aborted ? cause : broken(o, cause)))
    outgoing.end()
  })
}

function broken(o: FetchRangeOptions, cause: unknown): HostError {
  const reason = plainTlsText(cause)
  return new HostError({ code: 'FILE_TRANSFER', url: o.url, reason }, `${o.url}: ${reason}`, { cause })
}

function refused(o: FetchRangeOptions, reason: string): HostError {
  return new HostError({ code: 'FILE_REFUSED', url: o.url, reason }, `${o.url}: ${reason}`)
}

function tooLarge(o: FetchRangeOptions): HostError {
  return new HostError(
    { code: 'FILE_TOO_LARGE', url: o.url, maxBytes: String(o.sizeBytes) },
    `${o.url}: more than ${o.sizeBytes} bytes`,
  )
}
