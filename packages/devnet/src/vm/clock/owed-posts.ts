import { type Address, idAddress } from '@sealane/actors'
import { currentDeadline } from '../miner/deadline-info.js'
import { sectorsOwingPost } from '../miner/partition.js'
import type { ChainState } from '../state/chain-state.js'
import { rows } from '../state/rows.js'

/** A deadline whose window is open and whose partitions still owe their PoSt. Epochs; `close` is the first too late. */
export interface OwedPosts {
  miner: Address
  deadline: number
  open: number
  close: number
  partitions: number[]
  /** Since when the proof could be made: the challenge epoch. */
  since: number
}

/** The deadlines open at `epoch` with live partitions not proven yet. All-faulty partitions without recoveries owe nothing. */
export function owedPosts(state: ChainState, epoch: number): OwedPosts[] {
  return rows(state.miners).flatMap(([id, miner]) => {
    const { index, open, close, challenge } = currentDeadline(miner.provingPeriodStart, epoch)
    const deadline = miner.deadlines[index]
    if (deadline === undefined || deadline.partitions.length === 0) return []
    const partitions = [...deadline.partitions.entries()]
      .filter(([at, partition]) => !deadline.posted.includes(at) && sectorsOwingPost(partition).length > 0)
      .map(([at]) => at)
    if (partitions.length === 0) return []
    return [{ miner: idAddress(id), deadline: index, open, close, partitions, since: challenge }]
  })
}
