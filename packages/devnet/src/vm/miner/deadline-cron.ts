import { attoFil } from '@sealane/fil-units'
import { continuedFaultFee, dailyFeePayable } from '../economics/network-economics.js'
import { policy } from '../policy.js'
import { enrollDeadlineCron } from '../power/cron-queue.js'
import { notePledgeChange } from '../power/note-pledge-change.js'
import type { ChainTables, Deadline, MinerTables } from '../state/chain-tables.js'
import { rows } from '../state/rows.js'
import { processPendingWorker } from './confirm-change-worker-address.js'
import { currentDeadline, type DeadlineInfo } from './deadline-info.js'
import { popExpired } from './expire-sectors.js'
import { markMissedPost } from './faults.js'
import { checkBalanceInvariants, minerOf, repayPartialDebt } from './miner-funds.js'
import { liveSectors, sectorsOwingPost } from './partition.js'
import { powerOfSectors, sectorOf } from './power-of-sector.js'
import { terminateEarly } from './terminate-early.js'
import { deadlineOf, trackPower } from './track-power.js'
import { unlockVested } from './vesting.js'

/**
 * The last epoch of a deadline, for one miner: worker change, precommits given up, missed PoSts, sectors leaving,
 * fees, vesting; then the next deadline is enrolled while the miner holds anything locked.
 * Order and fees: builtin-actors miner lib.rs handle_proving_deadline.
 */
export function deadlineCron(draft: ChainTables, id: number, epoch: number): void {
  const miner = minerOf(draft, id)
  const { economics } = draft.genesis
  processPendingWorker(miner.info, epoch)
  addPenalty(miner, dropExpiredPreCommits(miner, epoch))

  const window = currentDeadline(miner.provingPeriodStart, epoch)
  const { sectorSize } = miner.info
  const faultyBefore = powerOfSectors(
    sectorSize,
    miner.sectors,
    faultySectors(deadlineOf(miner, window.index)),
  )
  const early = closeDeadline(draft, id, window)
  addPenalty(miner, continuedFaultFee(economics, faultyBefore.qa))
  addPenalty(miner, dailyFeesDue(draft, miner, deadlineOf(miner, window.index)))

  const unlocked = repayPartialDebt(draft, id, epoch)
  const vested = unlockVested(miner, epoch)
  notePledgeChange(draft, -(unlocked + vested))

  if (miner.preCommitDeposits + miner.initialPledge + miner.lockedFunds > 0n) {
    const next = currentDeadline(miner.provingPeriodStart, epoch + 1)
    enrollDeadlineCron(draft, id, next.close - 1)
  } else {
    miner.deadlineCronActive = false
  }
  if (early.length > 0) terminateEarly(draft, id, epoch, early)
  checkBalanceInvariants(draft, id)
}

function addPenalty(miner: MinerTables, amount: bigint): void {
  if (amount > 0n) miner.feeDebt = attoFil(miner.feeDebt + amount)
}

/** Forgets precommits whose time is over; returns their deposits, which are lost. */
function dropExpiredPreCommits(miner: MinerTables, epoch: number): bigint {
  let lost = 0n
  for (const [due, sectors] of rows(miner.preCommitCleanUp)) {
    if (due > epoch) break
    delete miner.preCommitCleanUp[due]
    for (const number of sectors) {
      lost += miner.preCommits[number]?.deposit ?? 0n
      delete miner.preCommits[number]
    }
  }
  if (lost > 0n) miner.preCommitDeposits = attoFil(miner.preCommitDeposits - lost)
  return lost
}

/** Moves on to the next deadline and settles the one that ends. Returns the sectors that leave too early. */
function closeDeadline(draft: ChainTables, id: number, window: DeadlineInfo): number[] {
  const miner = minerOf(draft, id)
  miner.currentDeadline = (window.index + 1) % policy.periodDeadlines
  if (miner.currentDeadline === 0) miner.provingPeriodStart = window.periodStart + policy.provingPeriod

  const last = window.close - 1
  const early = trackPower(draft, id, window.index, (deadline) => {
    const leavingEarly: number[] = []
    for (const [index, partition] of deadline.partitions.entries()) {
      const proven = deadline.posted.includes(index)
      if (!proven && sectorsOwingPost(partition).length > 0) {
        markMissedPost(partition, last + policy.faultMaxAge)
      }
      const expired = popExpired(partition.expirations, last)
      const leaving = [...expired.onTime, ...expired.early]
      if (leaving.length === 0) continue
      partition.terminated = [...new Set([...partition.terminated, ...leaving])].sort((a, b) => a - b)
      partition.faults = partition.faults.filter((number) => !leaving.includes(number))
      releasePledge(draft, miner, expired.onTime)
      leavingEarly.push(...expired.early)
    }
    if (deadline.posted.length > 0) deadline.posted = []
    return leavingEarly
  })
  return early
}

function releasePledge(draft: ChainTables, miner: MinerTables, sectors: readonly number[]): void {
  const pledge = sectors.reduce((sum, number) => sum + sectorOf(miner.sectors, number).initialPledge, 0n)
  if (pledge === 0n) return
  miner.initialPledge = attoFil(miner.initialPledge - pledge)
  notePledgeChange(draft, -pledge)
}

/** Sectors that were faulty before the deadline closed pay for staying so; newly missed ones pay nothing yet. */
function faultySectors(deadline: Deadline): number[] {
  return deadline.partitions.flatMap((partition) => partition.faults)
}

function dailyFeesDue(draft: ChainTables, miner: MinerTables, deadline: Deadline): bigint {
  const live = deadline.partitions.flatMap((partition) => liveSectors(partition))
  const fees = live.reduce((sum, number) => sum + sectorOf(miner.sectors, number).dailyFee, 0n)
  if (fees === 0n) return 0n
  const power = powerOfSectors(miner.info.sectorSize, miner.sectors, live)
  return dailyFeePayable(draft.genesis.economics, attoFil(fees), power.qa)
}
