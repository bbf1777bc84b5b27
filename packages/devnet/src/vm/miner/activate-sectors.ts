import { qaPowerForWeight, type SectorActivationManifest } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { dailyFee, initialPledge } from '../economics/network-economics.js'
import { policy } from '../policy.js'
import { notePledgeChange } from '../power/note-pledge-change.js'
import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'
import { filText } from '../run/fil-text.js'
import type { ChainTables, PreCommit, SectorInfo } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'
import { assignSectors } from './assign-sectors.js'
import { balanceOf, checkBalanceInvariants, minerOf, unlockedBalance } from './miner-funds.js'

/** Turns proven precommits into sectors: frees their deposits, locks their pledge, assigns them to deadlines. No power yet. */
export function activateSectors(
  draft: ChainTables,
  id: number,
  epoch: number,
  proven: readonly { manifest: SectorActivationManifest; preCommit: DeepReadonly<PreCommit> }[],
): void {
  const miner = minerOf(draft, id)
  const sectors = proven.map(({ manifest, preCommit }) => newSector(draft, id, epoch, manifest, preCommit))
  for (const { preCommit } of proven) {
    if (miner.preCommits[preCommit.sectorNumber] === undefined) {
      abort(exitCode.illegalState, `sector ${preCommit.sectorNumber} not pre-committed`)
    }
    delete miner.preCommits[preCommit.sectorNumber]
  }
  for (const sector of sectors) miner.sectors[sector.sectorNumber] = sector
  assignSectors(miner, epoch, sectors)

  const freed = proven.reduce((sum, { preCommit }) => sum + preCommit.deposit, 0n)
  miner.preCommitDeposits = attoFil(miner.preCommitDeposits - freed)
  const pledge = sectors.reduce((sum, sector) => sum + sector.initialPledge, 0n)
  const available = unlockedBalance(miner, balanceOf(draft, id))
  if (available < pledge) {
    const amounts = `${filText(pledge)}, available: ${filText(available)}`
    abort(
      exitCode.insufficientFunds,
      `insufficient funds for aggregate initial pledge requirement ${amounts}`,
    )
  }
  miner.initialPledge = attoFil(miner.initialPledge + pledge)
  checkBalanceInvariants(draft, id)
  notePledgeChange(draft, pledge)
}

function newSector(
  draft: ChainTables,
  id: number,
  epoch: number,
  manifest: SectorActivationManifest,
  preCommit: DeepReadonly<PreCommit>,
): SectorInfo {
  const { sectorNumber, sealProof, sealedCid, expiration } = preCommit
  const duration = expiration - epoch
  if (duration < policy.minSectorExpiration) {
    const text = `has lifetime ${duration} less than minimum ${policy.minSectorExpiration}. ignoring`
    abort(exitCode.illegalArgument, `precommit ${sectorNumber} ${text}`)
  }
  const { economics } = draft.genesis
  const dataSpace = manifest.pieces.reduce((sum: bigint, piece) => sum + piece.size, 0n)
  const qaPower = qaPowerForWeight(minerOf(draft, id).info.sectorSize, duration, 0n)
  return {
    sectorNumber,
    sealProof,
    sealedCid,
    activation: epoch,
    expiration,
    dealWeight: dataSpace * BigInt(duration),
    verifiedDealWeight: 0n,
    initialPledge: initialPledge(economics, qaPower, epoch),
    powerBaseEpoch: epoch,
    dailyFee: dailyFee(economics, qaPower),
  }
}
