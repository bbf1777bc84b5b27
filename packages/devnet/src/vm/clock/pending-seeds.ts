import { type Address, idAddress } from '@sealane/actors'
import { policy } from '../policy.js'
import type { ChainState } from '../state/chain-state.js'
import { rows } from '../state/rows.js'

/** A precommit waiting for its seed, or for its proof. Epochs. */
export interface PendingSeed {
  miner: Address
  sectorNumber: number
  preCommitEpoch: number
  seedEpoch: number
  /** After this epoch it can no longer be proven. */
  expiresEpoch: number
}

/** All precommits not proven yet. */
export function pendingSeeds(state: ChainState): PendingSeed[] {
  return rows(state.miners).flatMap(([id, miner]) =>
    rows(miner.preCommits).map(([sectorNumber, { epoch }]) => ({
      miner: idAddress(id),
      sectorNumber,
      preCommitEpoch: epoch,
      seedEpoch: epoch + policy.preCommitChallengeDelay,
      expiresEpoch: epoch + policy.maxProveCommitDuration,
    })),
  )
}
