import type { Transitions } from './transitions.js'

/** One deal proposal on its way onto the chain. Owner: miner. */
export type PublicationState =
  /** Validated; waits for its batch. */
  | 'Queued'
  /** Over a policy cap: waits for the operator. */
  | 'Held'
  /** In a PublishStorageDeals message that is not yet at confidence. */
  | 'Sent'
  /** Has a deal id at confidence. */
  | 'Published'
  /** The chain or our rules say it can never be published. */
  | 'Refused'

export type PublicationEvent = 'sent' | 'lost' | 'landed' | 'reverted' | 'held' | 'released' | 'refused'

export const publicationTransitions: Transitions<PublicationState, PublicationEvent> = {
  Queued: { sent: 'Sent', held: 'Held', refused: 'Refused' },
  Held: { released: 'Queued', refused: 'Refused' },
  Sent: { landed: 'Published', lost: 'Queued', refused: 'Refused' },
  Published: { reverted: 'Sent' },
  Refused: {},
}

export const publicationInitial: readonly PublicationState[] = ['Queued']
export const publicationFinal: readonly PublicationState[] = ['Published', 'Refused']
