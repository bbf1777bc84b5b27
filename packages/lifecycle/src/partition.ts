import type { Transitions } from './transitions.js'

/** One partition's duty in one proving period: (miner, period start, deadline, partition). Owner: miner. */
export type PartitionState =
  /** Known; its challenge epoch is not reached. */
  | 'Waiting'
  /** Vanilla proofs are being read where the sectors lie. */
  | 'Collecting'
  /** The partition's SNARK is being made. */
  | 'Proving'
  /** Proof verified here; waits for the deadline to open or for the messager. */
  | 'Proved'
  | 'Submitted'
  /** The chain accepted the PoSt, at confidence. */
  | 'Accepted'
  /** Nothing to prove: no live sector, or all of them faulty and none recovering. */
  | 'Idle'
  /** Closed without an accepted PoSt. */
  | 'Missed'

export type PartitionEvent =
  | 'challenged'
  | 'collected'
  | 'proved'
  | 'spoiled'
  | 'randomnessChanged'
  | 'submitted'
  | 'refused'
  | 'lost'
  | 'accepted'
  | 'reverted'
  | 'nothingToProve'
  | 'closed'

export const partitionTransitions: Transitions<PartitionState, PartitionEvent> = {
  Waiting: { challenged: 'Collecting', nothingToProve: 'Idle', accepted: 'Accepted', closed: 'Missed' },
  Collecting: {
    collected: 'Proving',
    randomnessChanged: 'Collecting',
    nothingToProve: 'Idle',
    accepted: 'Accepted',
    closed: 'Missed',
  },
  Proving: {
    proved: 'Proved',
    spoiled: 'Collecting',
    randomnessChanged: 'Collecting',
    accepted: 'Accepted',
    closed: 'Missed',
  },
  Proved: {
    submitted: 'Submitted',
    randomnessChanged: 'Collecting',
    accepted: 'Accepted',
    closed: 'Missed',
  },
  Submitted: { accepted: 'Accepted', refused: 'Collecting', lost: 'Proved', closed: 'Missed' },
  Accepted: { reverted: 'Submitted' },
  Idle: { challenged: 'Collecting' },
  Missed: { accepted: 'Accepted' },
}

export const partitionInitial: readonly PartitionState[] = ['Waiting']
export const partitionFinal: readonly PartitionState[] = ['Accepted', 'Idle', 'Missed']
