import { address } from '../address.js'
import { bigInt, bigIntBytes } from '../bigint.js'
import type { Decoded } from '../cbor/codec.js'
import { chainEpoch } from '../cbor/quantities.js'
import { bool, bytes, int, uint } from '../cbor/scalars.js'
import { array, tuple } from '../cbor/structures.js'

/** Method 2: `windowPostProofType` is the registered number, `peer` a binary peer id, multiaddrs binary. */
export const createMinerParams = tuple({
  owner: address,
  worker: address,
  windowPostProofType: uint,
  peer: bytes,
  multiaddrs: array(bytes),
})

/** The new miner's addresses: `f0…` and `f2…`. */
export const createMinerReturn = tuple({ idAddress: address, robustAddress: address })

/** Method 3; sent by a miner actor. Bytes, negative when power is lost. */
export const updateClaimedPowerParams = tuple({ rawByteDelta: bigInt, qualityAdjustedDelta: bigInt })

/** Method 4; sent by a miner actor. */
export const enrollCronEventParams = tuple({ eventEpoch: chainEpoch, payload: bytes })

/** Power of one miner, bytes. */
export const minerPowerReturn = tuple({ rawBytePower: bigInt, qualityAdjPower: bigInt })

/** Exported MinerRawPower; power in bytes. */
export const minerRawPowerReturn = tuple({ rawBytePower: bigInt, meetsConsensusMinimum: bool })

/** A smoothed quantity: position and velocity per epoch, both Q.128 fixed point. */
export const filterEstimate = tuple({ positionEstimate: bigInt, velocityEstimate: bigInt })
export type FilterEstimate = Decoded<typeof filterEstimate>

/** Method 9; power in bytes. */
export const currentTotalPowerReturn = tuple({
  rawBytePower: bigInt,
  qualityAdjPower: bigInt,
  pledgeCollateral: bigIntBytes,
  qualityAdjPowerSmoothed: filterEstimate,
  rampStartEpoch: int,
  rampDurationEpochs: uint,
})
