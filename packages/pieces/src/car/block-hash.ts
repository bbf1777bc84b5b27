import { blake2b256, sha256, sha512 } from '@sealane/crypto'
import type { CID } from 'multiformats/cid'

/** What the hash functions that clients use make of a block, by multicodec code. */
const hashes: Record<number, (bytes: Uint8Array) => Uint8Array> = {
  0: (bytes) => bytes, // identity: the CID is the block
  18: sha256,
  19: sha512,
  45600: blake2b256,
}

/** Whether the block hashes to its CID; undefined for hash functions that nothing here computes. */
export function blockMatchesCid(cid: CID, block: Uint8Array): boolean | undefined {
  const { code, digest } = cid.multihash
  const computed = hashes[code]?.(block)
  if (computed === undefined) return undefined
  return computed.length === digest.length && computed.every((byte, at) => byte === digest[at])
}
