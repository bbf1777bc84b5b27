import { address, drawRandomness, idAddress, randomnessTags } from '@sealane/actors'
import { epoch as chainEpoch } from '@sealane/fil-units'
import type { Runtime } from './runtime.js'

/** Seal randomness of a miner: from the tickets. */
export function sealTicket(runtime: Runtime, miner: number, epoch: number): Uint8Array {
  return drawRandomness(
    runtime.context.ticket(epoch),
    randomnessTags.SealRandomness,
    chainEpoch(epoch),
    entropyOf(miner),
  )
}

/** Interactive seal randomness of a miner: from the beacon. */
export function sealSeed(runtime: Runtime, miner: number, epoch: number): Uint8Array {
  const tag = randomnessTags.InteractiveSealChallengeSeed
  return drawRandomness(runtime.context.beacon(epoch), tag, chainEpoch(epoch), entropyOf(miner))
}

/** What the proofs of a deadline are challenged with: from the beacon. */
export function windowPostChallenge(runtime: Runtime, miner: number, epoch: number): Uint8Array {
  const tag = randomnessTags.WindowedPoStChallengeSeed
  return drawRandomness(runtime.context.beacon(epoch), tag, chainEpoch(epoch), entropyOf(miner))
}

/** What ties a PoSt to this chain: from the tickets, without entropy. */
export function chainCommitment(runtime: Runtime, epoch: number): Uint8Array {
  return drawRandomness(
    runtime.context.ticket(epoch),
    randomnessTags.PoStChainCommit,
    chainEpoch(epoch),
    new Uint8Array(),
  )
}

/** A miner's entropy is the CBOR of its ID address (a byte string). */
function entropyOf(miner: number): Uint8Array {
  return address.encode(idAddress(miner))
}
