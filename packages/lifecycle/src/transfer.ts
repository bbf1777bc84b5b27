import type { Transitions } from './transitions.js'

/** One deal's bytes on their way into staging. Owner: provider. */
export type TransferState =
  | 'Queued'
  | 'Running'
  /** Interrupted; tries again at `wake_at` from the bytes already verified on disk. */
  | 'Waiting'
  /** Stopped by the operator until it is resumed; its bytes stay on disk. */
  | 'Paused'
  /** Offline deal: waits for `storage-deals import-data`. */
  | 'AwaitingImport'
  | 'Verifying'
  | 'Done'
  | 'Failed'

export type TransferEvent =
  | 'started'
  | 'interrupted'
  | 'paused'
  | 'resumed'
  | 'imported'
  | 'bytesComplete'
  | 'verified'
  | 'importMismatched'
  | 'mismatched'
  | 'gaveUp'

export const transferTransitions: Transitions<TransferState, TransferEvent> = {
  Queued: { started: 'Running', paused: 'Paused', gaveUp: 'Failed' },
  Running: { interrupted: 'Waiting', paused: 'Paused', bytesComplete: 'Verifying', gaveUp: 'Failed' },
  Waiting: { started: 'Running', paused: 'Paused', gaveUp: 'Failed' },
  Paused: { resumed: 'Waiting', gaveUp: 'Failed' },
  AwaitingImport: { imported: 'Verifying', gaveUp: 'Failed' },
  Verifying: {
    verified: 'Done',
    importMismatched: 'AwaitingImport',
    mismatched: 'Failed',
    interrupted: 'Waiting',
    gaveUp: 'Failed',
  },
  Done: {},
  Failed: {},
}

export const transferInitial: readonly TransferState[] = ['Queued', 'AwaitingImport']
export const transferFinal: readonly TransferState[] = ['Done', 'Failed']
