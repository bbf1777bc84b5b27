import { type Json, shapes } from '@sealane/chain'
import type { query } from '../vm/index.js'

/** StateReadState of a miner, fields in the order of lotus. */
export function minerStateJson(miner: NonNullable<ReturnType<typeof query.minerState>>): Json {
  const cid = (of: typeof miner.info) => shapes.cid.write(of, 't')
  const { head, tail } = miner.vestingFunds
  return {
    Info: cid(miner.info),
    PreCommitDeposits: miner.preCommitDeposits.toString(),
    LockedFunds: miner.lockedFunds.toString(),
    VestingFunds:
      head === undefined
        ? null
        : { Head: { Epoch: head.epoch, Amount: head.amount.toString() }, Tail: cid(tail) },
    FeeDebt: miner.feeDebt.toString(),
    InitialPledge: miner.initialPledge.toString(),
    PreCommittedSectors: cid(miner.preCommittedSectors),
    PreCommittedSectorsCleanUp: cid(miner.preCommittedSectorsCleanUp),
    AllocatedSectors: cid(miner.allocatedSectors),
    Sectors: cid(miner.sectors),
    ProvingPeriodStart: miner.provingPeriodStart,
    CurrentDeadline: miner.currentDeadline,
    Deadlines: cid(miner.deadlines),
    EarlyTerminations: [0],
    DeadlineCronActive: miner.deadlineCronActive,
  }
}
