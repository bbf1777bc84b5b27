import type { Transitions } from './transitions.js'

/** One deal's piece at home. Owner: sealer. */
export type PieceState =
  /** The offer from abroad is in the inbox. */
  | 'Offered'
  | 'Pulling'
  /** Bytes here, commP verified, fsynced, acknowledged abroad. */
  | 'Home'
  /** With the miner for publishing. */
  | 'Publishing'
  /** On chain with a deal id; waits for admission into a sector. */
  | 'Published'
  | 'InSector'
  /** Its sector is Proving and the deal is active. */
  | 'Sealed'
  /** Parked for a person; `why` says what is needed. */
  | 'Held'
  /** Can never be sealed; files retired, abroad told. */
  | 'Dropped'

export type PieceEvent =
  | 'pullStarted'
  | 'pullInterrupted'
  | 'arrived'
  | 'publishRequested'
  | 'published'
  | 'publishReverted'
  | 'admitted'
  | 'unpacked'
  | 'activated'
  | 'deactivated'
  | 'held'
  | 'released'
  | 'admissionRetried'
  | 'dropped'

export const pieceTransitions: Transitions<PieceState, PieceEvent> = {
  Offered: { pullStarted: 'Pulling', held: 'Held', dropped: 'Dropped' },
  Pulling: { arrived: 'Home', pullInterrupted: 'Offered', held: 'Held', dropped: 'Dropped' },
  Home: { publishRequested: 'Publishing', held: 'Held', dropped: 'Dropped' },
  Publishing: { published: 'Published', held: 'Held', dropped: 'Dropped' },
  Published: { admitted: 'InSector', publishReverted: 'Publishing', held: 'Held', dropped: 'Dropped' },
  InSector: { activated: 'Sealed', unpacked: 'Published', dropped: 'Dropped' },
  Sealed: { deactivated: 'InSector' },
  Held: { released: 'Offered', admissionRetried: 'Published', dropped: 'Dropped' },
  Dropped: {},
}

export const pieceInitial: readonly PieceState[] = ['Offered']
export const pieceFinal: readonly PieceState[] = ['Sealed', 'Dropped']
