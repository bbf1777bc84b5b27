import { type IncomingMessage, request } from 'node:http'
import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { multiaddr } from '@multiformats/multiaddr'
import { openTransferSocket } from '@sealane/market/node'
import { ProviderError } from '../provider-error.js'
import type { AddressGuard } from './address-guard.js'
import { rangeHeaders, readAnswer } from './read-answer.js'
import type { Source, Wanted } from './source.js'

/** How long a peer may take to be reached. Unit: ms. */
const dialTimeoutMs = 30_000

/** Opens a connection to a peer. */
export type Dial = (address: Multiaddr, options: { signal: AbortSignal }) => Promise<Connection>

/**
 * Asks a peer's data server for the wanted bytes: HTTP/1.1 over one libp2p stream.
 * @throws {ProviderError} TRANSFER_IMPOSSIBLE, TRANSFER_INTERRUPTED, ADDRESS_FORBIDDEN
 */
export async function fetchLibp2p(o: {
  readonly dial: Dial
  readonly peerId: string
  /** Multiaddr of the peer without its id. */
  readonly address: string
  readonly headers: Readonly<Record<string, string>>
  readonly wanted: Wanted
  readonly guard: AddressGuard
  readonly stallMs: number
  readonly signal: AbortSignal
}): Promise<Source> {
  const address = await dialable(o.address, o.guard)
  const signal = AbortSignal.any([o.signal, AbortSignal.timeout(dialTimeoutMs)])
  try {
    const connection = await o.dial(multiaddr(`${address}/p2p/${o.peerId}`), { signal })
    const socket = await openTransferSocket(connection, { signal })
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { host: o.peerId, ...o.headers, ...rangeHeaders(o.wanted) }
      const asked = request({ createConnection: () => socket, path: '/', headers, signal: o.signal })
      const stalled = setTimeout(() => asked.destroy(new Error(`no answer for ${o.stallMs} ms`)), o.stallMs)
      asked.on('response', (head) => {
        clearTimeout(stalled)
        resolve(head)
      })
      asked.on('error', (cause) => {
        clearTimeout(stalled)
        reject(cause)
      })
      asked.end()
    })
    return readAnswer(response, o.wanted)
  } catch (cause) {
    if (cause instanceof ProviderError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new ProviderError(
      { code: 'TRANSFER_INTERRUPTED', reason: `peer ${o.peerId}: ${why}`, offset: o.wanted.offset },
      { cause },
    )
  }
}

/** The multiaddr with its host as a checked IP address. */
async function dialable(address: string, guard: AddressGuard): Promise<string> {
  const [host, port, ...rest] = multiaddr(address).getComponents()
  const named = host !== undefined && ['ip4', 'ip6', 'dns', 'dns4', 'dns6'].includes(host.name)
  if (!named || host.value === undefined || port?.name !== 'tcp' || rest.length > 0) {
    throw new ProviderError({
      code: 'TRANSFER_IMPOSSIBLE',
      reason: `cannot dial ${address}: only /ip4, /ip6 or /dns over /tcp`,
    })
  }
  const checked = await guard.dialable(host.value)
  return `/ip${checked.family}/${checked.address}/tcp/${port.value}`
}
