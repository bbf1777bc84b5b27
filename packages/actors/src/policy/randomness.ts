import { blake2b256 } from '@sealane/crypto'
import type { ChainEpoch } from '@sealane/fil-units'
import { address, idAddress } from '../address.js'

/** Domain separation tags. Source: go-state-types crypto/randomness.go:7-15. */
export const randomnessTags = {
  TicketProduction: 1,
  ElectionProofProduction: 2,
  WinningPoStChallengeSeed: 3,
  WindowedPoStChallengeSeed: 4,
  SealRandomness: 5,
  InteractiveSealChallengeSeed: 6,
  WindowedPoStDeadlineAssignment: 7,
  MarketDealCronSeed: 8,
  PoStChainCommit: 9,
} as const
/** One of the tags. */
export type RandomnessTag = (typeof randomnessTags)[keyof typeof randomnessTags]

/**
 * Draws 32 bytes: blake2b-256(tag ‖ blake2b-256(base) ‖ epoch ‖ entropy), integers as signed 64-bit big-endian.
 * @param base VRF proof of the min-ticket block (tickets) or signature of the beacon entry (beacon)
 * Source: lotus chain/rand/rand.go:25-45
 */
export function drawRandomness(
  base: Uint8Array,
  tag: RandomnessTag,
  epoch: ChainEpoch,
  entropy: Uint8Array,
): Uint8Array {
  return drawRandomnessFromDigest(blake2b256(base), tag, epoch, entropy)
}

/** As {@link drawRandomness}, from blake2b-256 of the base. */
export function drawRandomnessFromDigest(
  baseDigest: Uint8Array,
  tag: RandomnessTag,
  epoch: ChainEpoch,
  entropy: Uint8Array,
): Uint8Array {
  const input = new Uint8Array(8 + baseDigest.length + 8 + entropy.length)
  const view = new DataView(input.buffer)
  view.setBigInt64(0, BigInt(tag))
  input.set(baseDigest, 8)
  view.setBigInt64(8 + baseDigest.length, BigInt(epoch))
  input.set(entropy, 16 + baseDigest.length)
  return blake2b256(input)
}

/** Entropy of a miner's tickets, seeds and challenges: the CBOR of its ID address, never of its robust one. */
export function minerEntropy(minerId: number): Uint8Array {
  return address.encode(idAddress(minerId))
}
