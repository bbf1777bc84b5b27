import type { DealState } from '@sealane/lifecycle'
import type { DealUuid } from '../mk12/deal-uuid.js'
import type { DealStatusResponse } from './codec.js'
import type { checkpoints } from './constants.js'

/** One of the seven words of a deal's way. */
export type Checkpoint = (typeof checkpoints)[number]

/**
 * The checkpoint a client is told for each of our states.
 *
 * A client that prints statuses reads "Complete" as ended, so an active deal stays at IndexedAndAnnounced with its
 * sector's state beside it. AddedPiece, which clients print as "Announcing", is never told: nothing waits there.
 *
 * Source: filecoin-project/boost@v2.5.2 cmd/boost/deal_status_cmd.go:157-190.
 */
const checkpointOf: Readonly<Record<DealState, Checkpoint>> = {
  Accepted: 'Accepted',
  AwaitingData: 'Accepted',
  Transferring: 'Accepted',
  Transferred: 'Transferred',
  AtHome: 'Transferred',
  Publishing: 'Published',
  Published: 'PublishConfirmed',
  Sealing: 'IndexedAndAnnounced',
  Active: 'IndexedAndAnnounced',
  Expired: 'Complete',
  Slashed: 'Complete',
  Failed: 'Complete',
}

/** What a client is told of a deal in `state`. */
export function checkpointFor(state: DealState): Checkpoint {
  return checkpointOf[state]
}

/** The checkpoint's sector word: the sector's own state, and Proving once the chain counts the deal as active. */
export function sealingStatusFor(state: DealState, sectorState: string | null): string {
  if (state === 'Active') return 'Proving'
  return state === 'Sealing' || state === 'Published' ? (sectorState ?? '') : ''
}

/**
 * The received bytes as a client should hear them. Its `deal-status` takes exactly 100 for "all of it", whatever the
 * deal's size. Source: filecoin-project/boost@v2.5.2 cmd/boost/deal_status_cmd.go:166.
 */
export function receivedBytesFor(receivedBytes: bigint, transferSize: bigint): bigint {
  return receivedBytes === 100n && transferSize !== 100n ? 99n : receivedBytes
}

/** The error texts clients know. Source: filecoin-project/boost@v2.5.2 storagemarket/lp2pimpl/net.go:327-375. */
export const statusErrors = {
  notFound: (uuid: DealUuid) => `no storage deal found with deal UUID ${uuid}`,
  fetchFailed: 'failed to fetch deal status',
  badSignature: 'signature verification failed',
} as const

/** An answer that carries only an error. */
export function statusError(uuid: DealUuid, error: string): DealStatusResponse {
  return { error, dealUuid: uuid, isOffline: false, dealStatus: null, transferSize: 0n, bytesReceived: 0n }
}
