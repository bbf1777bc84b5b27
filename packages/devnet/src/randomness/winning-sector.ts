import { sha256 } from '@sealane/crypto'

/**
 * Which of a miner's `count` provable sectors WinningPoSt asks for: an index into them in ascending order. The challenge
 * is reduced to a field element first. Source: filecoin-project/rust-fil-proofs storage-proofs-post
 * fallback/vanilla.rs (generate_sector_challenge), filecoin-proofs api/winning_post.rs.
 *
 * @param proverId 32 bytes: the payload of the miner's ID address, filled up with zeros
 * @param randomness 32 bytes
 */
export function winningSectorIndex(proverId: Uint8Array, randomness: Uint8Array, count: number): number {
  const bytes = new Uint8Array(32 + 32 + 8)
  bytes.set(proverId.subarray(0, 32))
  bytes.set(randomness, 32)
  bytes[63] = (randomness[31] ?? 0) & 0x3f
  const digest = sha256(bytes)
  return Number(new DataView(digest.buffer, digest.byteOffset, 8).getBigUint64(0, true) % BigInt(count))
}
