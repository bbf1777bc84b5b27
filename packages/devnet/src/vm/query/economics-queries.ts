import { qaPowerForWeight, withLotusMargin } from '@sealane/actors'
import { type AttoFil, attoFil } from '@sealane/fil-units'
import {
  creationDeposit as creationDepositOf,
  preCommitDeposit as depositOf,
  initialPledge as pledgeOf,
} from '../economics/network-economics.js'
import { proofsOfSealType } from '../proof-types.js'
import { burntFundsActor } from '../run/builtin-ids.js'
import type { ChainState } from '../state/chain-state.js'

/** The deposit of one precommit as the API answers: 10 % on top. Undefined for a seal proof this chain has not. */
export function preCommitDeposit(state: ChainState, sealProof: number): AttoFil | undefined {
  const size = proofsOfSealType(sealProof)?.sectorSize
  return size === undefined ? undefined : withLotusMargin(depositOf(state.genesis.economics, size))
}

/** Bytes of a sector sealed by this proof; undefined for one that this chain has not. */
export function sectorSizeOf(sealProof: number): bigint | undefined {
  return proofsOfSealType(sealProof)?.sectorSize
}

/** The pledge of one sector as the API answers: 10 % on top. `verifiedSize` is bytes of verified deals. */
export function initialPledge(
  state: ChainState,
  { sectorSize, verifiedSize, epoch }: { sectorSize: bigint; verifiedSize: bigint; epoch: number },
): AttoFil {
  const qaPower = qaPowerForWeight(sectorSize, 1, verifiedSize)
  return withLotusMargin(pledgeOf(state.genesis.economics, qaPower, epoch))
}

/** What creating a miner takes; the API adds nothing to it. */
export function creationDeposit(state: ChainState, epoch: number): AttoFil {
  return creationDepositOf(state.genesis.economics, epoch)
}

export interface CirculatingSupplyView {
  filVested: AttoFil
  filMined: AttoFil
  filBurnt: AttoFil
  filLocked: AttoFil
  filCirculating: AttoFil
  filReserveDisbursed: AttoFil
}

/** Frozen at genesis, as are the prices that follow from it; only what was burnt here is added. */
export function circulatingSupply(state: ChainState): CirculatingSupplyView {
  const { economics } = state.genesis
  const burntHere = state.actors[burntFundsActor]?.balance ?? 0n
  return {
    filVested: economics.filVested,
    filMined: economics.filMined,
    filBurnt: attoFil(economics.filBurnt + burntHere),
    filLocked: economics.filLocked,
    filCirculating: economics.circulatingSupply,
    filReserveDisbursed: economics.filReserveDisbursed,
  }
}
