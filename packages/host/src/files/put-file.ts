import { open } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { HostError } from '../errors/host-error.js'
import { type Identity, type Role, roleName, tlsOptions } from '../tls/certificates.js'
import { plainTlsText } from '../tls/plain-tls-text.js'

/** No byte taken for this long ends an upload. Unit: ms. */
const IDLE_TIMEOUT_MS = 30_000

/**
 * Sends a file to a serveFiles with `receive`; resolves when it is durable there. Throws HostError FILE_TRANSFER (`retry`) when the
 * line breaks, FILE_REFUSED (`hold`) when the server does not want it.
 */
export async function putFile(o: {
  url: string
  path: string
  tls: Identity
  /** What the server must be by its certificate. */
  role: Role
  signal?: AbortSignal
}): Promise<void> {
  const agent = new Agent({
    ...tlsOptions(o.tls),
    servername: roleName(o.role),
    keepAlive: false,
    maxCachedSessions: 0,
  })
  const file = await open(o.path, 'r')
  try {
    const { size } = await file.stat()
    const status = await new Promise<number>((resolve, reject) => {
      const outgoing = request(
        o.url,
        {
          agent,
          method: 'PUT',
          headers: { 'content-length': size },
          ...(o.signal === undefined ? {} : { signal: o.signal }),
        },
        (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        },
      )
      outgoing.setTimeout(IDLE_TIMEOUT_MS, () =>
        outgoing.destroy(new Error(`no byte for ${IDLE_TIMEOUT_MS} ms`)),
      )
      outgoing.on('error', reject)
      file.createReadStream({ autoClose: false }).on('error', reject).pipe(outgoing)
    }).catch((cause: unknown) => {
      if (o.signal?.aborted) throw cause
      const reason = plainTlsText(cause)
      throw new HostError({ code: 'FILE_TRANSFER', url: o.url, reason }, `${o.url}: ${reason}`, { cause })
    })
    if (status >= 200 && status < 300) return
    const facts = {
      code: status >= 500 || status === 400 ? 'FILE_TRANSFER' : 'FILE_REFUSED',
      url: o.url,
      reason: `HTTP ${status}`,
    } as const
    throw new HostError(facts, `${o.url}: HTTP ${status}`)
  } finally {
    await file.close()
    agent.destroy()
  }
}
