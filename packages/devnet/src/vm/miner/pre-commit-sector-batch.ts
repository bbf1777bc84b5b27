import {
  cidParts,
  multicodec,
  multihash,
  preCommitSectorBatchParams2,
  type SectorPreCommitInfo,
} from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { preCommitDeposit } from '../economics/network-economics.js'
import { policy } from '../policy.js'
import { enrollDeadlineCron } from '../power/cron-queue.js'
import { proofsOfSealType } from '../proof-types.js'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import { filText } from '../run/fil-text.js'
import type { Runtime } from '../run/runtime.js'
import type { MinerTables } from '../state/chain-tables.js'
import { intersect, sectorSet, union } from '../state/sector-set.js'
import { bitFieldText } from './bit-field-text.js'
import { requireController } from './control-addresses.js'
import { currentDeadline, quantizeUp } from './deadline-info.js'
import {
  availableBalance,
  balanceOf,
  checkBalanceInvariants,
  minerOf,
  repayDebtsOrAbort,
} from './miner-funds.js'
import { validateExpiration } from './validate-expiration.js'

/**
 * Method 28, all or nothing: each sector's facts, then caller, funds and numbers. Checks and texts in the chain's
 * order. The first precommit of an idle miner starts its deadline cron.
 */
export function preCommitSectorBatch(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const { sectors } = decodeParams(preCommitSectorBatchParams2, bytes)
  if (sectors.length === 0) abort(exitCode.illegalArgument, 'batch empty')
  const seen = new Set<number>()
  for (const sector of sectors) {
    if (seen.has(sector.sectorNumber)) {
      abort(exitCode.illegalArgument, `duplicate sector number ${sector.sectorNumber}`)
    }
    seen.add(sector.sectorNumber)
    checkSector(sector, runtime.epoch)
  }

  runtime.update((draft) => {
    const miner = minerOf(draft, runtime.receiver)
    // Takes the fee debt into account, so it is read before the debt is repaid.
    const available = availableBalance(miner, balanceOf(draft, runtime.receiver))
    repayDebtsOrAbort(draft, runtime.receiver)
    requireController(runtime)
    for (const sector of sectors) checkAgainstMiner(sector, miner)

    const deposit = preCommitDeposit(draft.genesis.economics, miner.info.sectorSize)
    const total = deposit * BigInt(sectors.length)
    if (available < total) {
      const amounts = `${filText(available)} for pre-commit deposit: ${filText(total)}`
      abort(exitCode.insufficientFunds, `insufficient funds ${amounts}`)
    }
    miner.preCommitDeposits = attoFil(miner.preCommitDeposits + total)

    const numbers = sectorSet(seen)
    const taken = intersect(miner.allocated, numbers)
    if (taken.length > 0) {
      abort(exitCode.illegalArgument, `sector numbers ${bitFieldText(taken)} already allocated`)
    }
    miner.allocated = union(miner.allocated, numbers)

    for (const { unsealedCid, ...sector } of sectors) {
      miner.preCommits[sector.sectorNumber] = {
        ...sector,
        ...(unsealedCid === null ? {} : { unsealedCid }),
        deposit,
        epoch: runtime.epoch,
      }
    }
    scheduleCleanUp(miner, runtime.epoch, numbers)
    checkBalanceInvariants(draft, runtime.receiver)
    if (!miner.deadlineCronActive) {
      miner.deadlineCronActive = true
      const { close } = currentDeadline(miner.provingPeriodStart, runtime.epoch)
      enrollDeadlineCron(draft, runtime.receiver, close - 1)
    }
  })
  return new Uint8Array()
}

function checkSector(sector: SectorPreCommitInfo, now: number): void {
  const { sealProof, sealRandEpoch, unsealedCid } = sector
  if (proofsOfSealType(sealProof) === undefined) {
    abort(exitCode.illegalArgument, `unsupported seal proof type ${sealProof}`)
  }
  if (!isCommitment(sector.sealedCid, multicodec.filCommitmentSealed, multihash.poseidonBls12381A2Fc1)) {
    abort(exitCode.illegalArgument, 'sealed CID had wrong prefix')
  }
  if (sealRandEpoch >= now) {
    abort(exitCode.illegalArgument, `seal challenge epoch ${sealRandEpoch} must be before now ${now}`)
  }
  const earliest = now - policy.maxPreCommitRandomnessLookback
  if (sealRandEpoch < earliest) {
    abort(
      exitCode.illegalArgument,
      `seal challenge epoch ${sealRandEpoch} too old, must be after ${earliest}`,
    )
  }
  const unsealedPrefix = [multicodec.filCommitmentUnsealed, multihash.sha2256Trunc254Padded] as const
  if (unsealedCid !== null && !isCommitment(unsealedCid, ...unsealedPrefix)) {
    abort(exitCode.illegalArgument, 'unsealed CID had wrong prefix')
  }
  validateExpiration(now, now + policy.maxProveCommitDuration, sector.expiration)
}

function checkAgainstMiner({ sealProof, dealIds }: SectorPreCommitInfo, { info }: MinerTables): void {
  const windowPost = proofsOfSealType(sealProof)?.windowPostProof
  if (windowPost !== info.windowPostProofType) {
    // The actor prints its first placeholder as it stands.
    const types = `%d must match miner Window PoSt proof type ${windowPost} (seal proof type ${info.windowPostProofType})`
    abort(exitCode.illegalArgument, `sector Window PoSt proof type ${types}`)
  }
  if (dealIds.length > 0) {
    // Stricter than mainnet, which would accept it here and then never let the sector be proven.
    abort(
      exitCode.illegalArgument,
      'precommit lists deals: on this chain deals are activated by piece notifications',
    )
  }
}

function isCommitment(text: SectorPreCommitInfo['sealedCid'], codec: number, hash: number): boolean {
  const parts = cidParts(text)
  return parts.codec === codec && parts.hashCode === hash && parts.digest.length === 32
}

/** An unproven precommit is given up 8 hours after its time, by the cron of the deadline after the next boundary. */
function scheduleCleanUp(miner: MinerTables, now: number, sectors: readonly number[]): void {
  const bound = now + policy.maxProveCommitDuration + policy.expiredPreCommitCleanUpDelay
  const epoch = quantizeUp(bound, policy.challengeWindow, miner.provingPeriodStart)
  miner.preCommitCleanUp[epoch] = union(miner.preCommitCleanUp[epoch] ?? [], sectors)
}
