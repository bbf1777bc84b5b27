import { multiaddr } from '@multiformats/multiaddr'
import { base58btc } from 'multiformats/bases/base58'
import { MinerError } from '../miner-error.js'

/** Longest peer id and all multiaddrs together that the actor takes, bytes. Source: builtin-actors MAX_PEER_ID_LENGTH, MAX_MULTIADDR_DATA. */
const MAX_PEER_ID_BYTES = 128
const MAX_MULTIADDRS_BYTES = 1024

/** The bytes of a libp2p peer id (`12D3Koo…`), as the miner actor keeps them. Throws MinerError BAD_REQUEST. */
export function peerIdBytes(text: string): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = base58btc.decode(`z${text}`)
  } catch {
    throw new MinerError({ code: 'BAD_REQUEST', reason: `"${text}" is no peer id` })
  }
  if (bytes.length < 2 || bytes.length > MAX_PEER_ID_BYTES)
    throw new MinerError({ code: 'BAD_REQUEST', reason: `"${text}" is no peer id` })
  return bytes
}

/** Binary multiaddrs, as the miner actor keeps them. Throws MinerError BAD_REQUEST. */
export function multiaddrBytes(texts: readonly string[]): Uint8Array[] {
  const all = texts.map((text) => {
    try {
      return multiaddr(text).bytes
    } catch {
      throw new MinerError({ code: 'BAD_REQUEST', reason: `"${text}" is no multiaddr` })
    }
  })
  if (all.reduce((sum, bytes) => sum + bytes.length, 0) > MAX_MULTIADDRS_BYTES) {
    throw new MinerError({
      code: 'BAD_REQUEST',
      reason: `the multiaddrs are over ${MAX_MULTIADDRS_BYTES} bytes together`,
    })
  }
  return all
}
