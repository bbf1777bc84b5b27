import type { Address, Cid } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import type { ChainState } from '../state/chain-state.js'
import { rootOf } from '../state/encode-state.js'
import { minerAt } from './miner-at.js'

/** A miner's state as its actor keeps it: numbers as they are, collections by the CIDs of their text in our own tree. */
export interface MinerStateView {
  info: Cid
  preCommitDeposits: AttoFil
  lockedFunds: AttoFil
  vestingFunds: { head?: { epoch: number; amount: AttoFil }; tail: Cid }
  feeDebt: AttoFil
  initialPledge: AttoFil
  preCommittedSectors: Cid
  preCommittedSectorsCleanUp: Cid
  allocatedSectors: Cid
  sectors: Cid
  provingPeriodStart: number
  currentDeadline: number
  deadlines: Cid
  deadlineCronActive: boolean
}

/** Undefined when the address is not a miner's. */
export function minerState(state: ChainState, address: Address): MinerStateView | undefined {
  const miner = minerAt(state, address)
  if (miner === undefined) return undefined
  const [head] = miner.vesting
  return {
    info: rootOf(miner.info),
    preCommitDeposits: miner.preCommitDeposits,
    lockedFunds: miner.lockedFunds,
    vestingFunds: { ...(head === undefined ? {} : { head: { ...head } }), tail: rootOf(miner.vesting) },
    feeDebt: miner.feeDebt,
    initialPledge: miner.initialPledge,
    preCommittedSectors: rootOf(miner.preCommits),
    preCommittedSectorsCleanUp: rootOf(miner.preCommitCleanUp),
    allocatedSectors: rootOf(miner.allocated),
    sectors: rootOf(miner.sectors),
    provingPeriodStart: miner.provingPeriodStart,
    currentDeadline: miner.currentDeadline,
    deadlines: rootOf(miner.deadlines),
    deadlineCronActive: miner.deadlineCronActive,
  }
}

/** What a miner owes in fees and could not pay; undefined when the address is not a miner's. */
export function feeDebt(state: ChainState, address: Address): AttoFil | undefined {
  return minerAt(state, address)?.feeDebt
}
