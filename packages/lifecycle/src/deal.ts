import type { Transitions } from './transitions.js'

/** A storage deal as the provider keeps it. Owner: provider. */
export type DealState =
  /** Row fsynced, client told "accepted"; its data has not begun to move. */
  | 'Accepted'
  /** Offline deal: the operator brings the data. */
  | 'AwaitingData'
  /** Bytes are arriving. */
  | 'Transferring'
  /** All bytes here, commP equals the proposal's; offered homeward until home acknowledges. */
  | 'Transferred'
  /** Home has fsynced and verified the bytes; our staging copy is in the trash. */
  | 'AtHome'
  /** PublishStorageDeals is signed, not yet at confidence. */
  | 'Publishing'
  /** On chain with a deal id; waits for a sector. */
  | 'Published'
  /** In a sector that is being sealed. */
  | 'Sealing'
  /** The chain says the deal is active. */
  | 'Active'
  | 'Expired'
  | 'Slashed'
  /** Can never succeed; the reason is in the row. */
  | 'Failed'

export type DealEvent =
  | 'transferStarted'
  | 'dataAwaited'
  | 'transferred'
  | 'dataRefused'
  | 'arrivedHome'
  | 'publishSent'
  | 'publishLost'
  | 'published'
  | 'sealingStarted'
  | 'sealingUndone'
  | 'activated'
  | 'deactivated'
  | 'ended'
  | 'slashed'
  | 'failed'

export const dealTransitions: Transitions<DealState, DealEvent> = {
  Accepted: { transferStarted: 'Transferring', dataAwaited: 'AwaitingData', failed: 'Failed' },
  AwaitingData: { transferred: 'Transferred', dataRefused: 'AwaitingData', failed: 'Failed' },
  Transferring: { transferred: 'Transferred', failed: 'Failed' },
  Transferred: { arrivedHome: 'AtHome', failed: 'Failed' },
  AtHome: { publishSent: 'Publishing', published: 'Published', failed: 'Failed' },
  Publishing: { published: 'Published', publishLost: 'AtHome', failed: 'Failed' },
  Published: { sealingStarted: 'Sealing', publishLost: 'Publishing', failed: 'Failed' },
  Sealing: { activated: 'Active', sealingUndone: 'Published', failed: 'Failed' },
  Active: { deactivated: 'Sealing', ended: 'Expired', slashed: 'Slashed' },
  Expired: {},
  Slashed: {},
  Failed: {},
}

export const dealInitial: readonly DealState[] = ['Accepted']
export const dealFinal: readonly DealState[] = ['Expired', 'Slashed', 'Failed']
