import type { Transitions } from './transitions.js'

/** A sector from its first piece to its proofs. Owner: sealer. The words are the ones operators already use. */
export type SectorState =
  /** Open for pieces. */
  | 'WaitDeals'
  /** Closed: pieces are being written to the unsealed file at aligned offsets, the rest is zeros. */
  | 'Packing'
  | 'GetTicket'
  | 'PreCommit1'
  | 'PreCommit2'
  | 'SubmitPreCommit'
  /** PreCommitSectorBatch2 is with the miner app, not yet at confidence. */
  | 'PreCommitWait'
  | 'WaitSeed'
  | 'Commit1'
  | 'Commit2'
  | 'SubmitProveCommit'
  /** ProveCommitSectors3 is with the miner app, not yet at confidence. */
  | 'ProveCommitWait'
  | 'FinalizeSector'
  /** Sealed and on chain; WindowPoSt keeps it so. */
  | 'Proving'
  /** Parked for a person; `why` says what is needed. Files stay. */
  | 'Held'
  | 'Removed'

export type SectorEvent =
  | 'closed'
  | 'packed'
  | 'ticketDrawn'
  | 'ticketExpired'
  | 'preCommit1Done'
  | 'preCommit1Spoiled'
  | 'preCommit2Done'
  | 'preCommitSent'
  | 'preCommitLanded'
  | 'preCommitLost'
  | 'preCommitReverted'
  | 'seedReady'
  | 'seedChanged'
  | 'commit1Done'
  | 'commit1Spoiled'
  | 'commit2Done'
  | 'proofInvalid'
  | 'proveCommitSent'
  | 'proveCommitLanded'
  | 'proveCommitLost'
  | 'proveCommitReverted'
  | 'finalized'
  | 'held'
  | 'packingRetried'
  | 'ticketRedrawn'
  | 'preCommit2Retried'
  | 'preCommitRetried'
  | 'seedAwaited'
  | 'commitRetried'
  | 'proveCommitRetried'
  | 'finalizeRetried'
  | 'removed'

export const sectorTransitions: Transitions<SectorState, SectorEvent> = {
  WaitDeals: { closed: 'Packing', held: 'Held', removed: 'Removed' },
  Packing: { packed: 'GetTicket', held: 'Held' },
  GetTicket: { ticketDrawn: 'PreCommit1', held: 'Held' },
  PreCommit1: { preCommit1Done: 'PreCommit2', ticketExpired: 'GetTicket', held: 'Held' },
  PreCommit2: {
    preCommit2Done: 'SubmitPreCommit',
    preCommit1Spoiled: 'PreCommit1',
    ticketExpired: 'GetTicket',
    held: 'Held',
  },
  // The miner may have taken an earlier, unanswered request: its message can land before our own step says "sent".
  SubmitPreCommit: {
    preCommitSent: 'PreCommitWait',
    preCommitLanded: 'WaitSeed',
    ticketExpired: 'GetTicket',
    held: 'Held',
  },
  PreCommitWait: {
    preCommitLanded: 'WaitSeed',
    preCommitLost: 'SubmitPreCommit',
    ticketExpired: 'GetTicket',
    held: 'Held',
  },
  WaitSeed: { seedReady: 'Commit1', preCommitReverted: 'PreCommitWait', held: 'Held' },
  Commit1: {
    commit1Done: 'Commit2',
    seedChanged: 'Commit1',
    preCommitReverted: 'PreCommitWait',
    held: 'Held',
  },
  Commit2: {
    commit2Done: 'SubmitProveCommit',
    // What Commit1 left for Commit2 is gone or does not hold.
    commit1Spoiled: 'Commit1',
    seedChanged: 'Commit1',
    proofInvalid: 'Commit1',
    preCommitReverted: 'PreCommitWait',
    held: 'Held',
  },
  SubmitProveCommit: {
    proveCommitSent: 'ProveCommitWait',
    proveCommitLanded: 'FinalizeSector',
    seedChanged: 'Commit1',
    proofInvalid: 'Commit1',
    preCommitReverted: 'PreCommitWait',
    held: 'Held',
  },
  ProveCommitWait: {
    proveCommitLanded: 'FinalizeSector',
    proveCommitLost: 'SubmitProveCommit',
    proofInvalid: 'Commit1',
    seedChanged: 'Commit1',
    preCommitReverted: 'PreCommitWait',
    held: 'Held',
  },
  FinalizeSector: { finalized: 'Proving', proveCommitReverted: 'ProveCommitWait', held: 'Held' },
  Proving: { proveCommitReverted: 'ProveCommitWait', removed: 'Removed' },
  Held: {
    packingRetried: 'Packing',
    ticketRedrawn: 'GetTicket',
    preCommit2Retried: 'PreCommit2',
    preCommitRetried: 'SubmitPreCommit',
    seedAwaited: 'WaitSeed',
    commitRetried: 'Commit1',
    proveCommitRetried: 'SubmitProveCommit',
    finalizeRetried: 'FinalizeSector',
    removed: 'Removed',
  },
  Removed: {},
}

export const sectorInitial: readonly SectorState[] = ['WaitDeals', 'Packing']
export const sectorFinal: readonly SectorState[] = ['Proving', 'Removed']

/** A deal sector counts as in flight (for `--deal-concurrent N`) until its ProveCommit proof exists. Source: operator notes. */
export const inFlightStates: readonly SectorState[] = [
  'WaitDeals',
  'Packing',
  'GetTicket',
  'PreCommit1',
  'PreCommit2',
  'SubmitPreCommit',
  'PreCommitWait',
  'WaitSeed',
  'Commit1',
  'Commit2',
]
