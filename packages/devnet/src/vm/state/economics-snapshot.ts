import type { FilterEstimate } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'

/**
 * What the network at large looks like to the money formulas. Frozen at genesis: a chain with one producer and a
 * few sectors has no economy of its own, and following its own power would drive the estimates to nonsense.
 */
export interface EconomicsSnapshot {
  rewardSmoothed: FilterEstimate
  qaPowerSmoothed: FilterEstimate
  /** Bytes. */
  baselinePower: bigint
  circulatingSupply: AttoFil
  filVested: AttoFil
  filMined: AttoFil
  filBurnt: AttoFil
  filLocked: AttoFil
  filReserveDisbursed: AttoFil
  /** FIP-0081: the epoch its ramp started and how long it takes; 0 and 0 mean fully ramped. */
  rampStartEpoch: number
  rampDurationEpochs: number
}
