import type { Transitions } from './transitions.js'

/** One message of ours, from request to a final receipt. Owner: miner. */
export type MessageState =
  /** Requested and allowed by policy; has no nonce yet. */
  | 'Planned'
  /** Over a cap, or the simulation says a person is needed. Holds no nonce. */
  | 'Held'
  /** Nonce and signed bytes are fsynced; no node has accepted it yet (or we do not know). */
  | 'Signed'
  | 'Pushed'
  /** Executed in a tipset that may still be reverted. */
  | 'Included'
  /** Exit code 0 at confidence. */
  | 'Confirmed'
  /** Non-zero exit code at confidence. */
  | 'Failed'
  /** Another message of ours took this nonce (a declared replacement). */
  | 'Replaced'
  /** Somebody else used our nonce. */
  | 'NonceTaken'
  /** Refused before it got a nonce. */
  | 'Refused'

export type MessageEvent =
  | 'signed'
  | 'held'
  | 'released'
  | 'refused'
  | 'pushed'
  | 'included'
  | 'reverted'
  | 'confirmed'
  | 'failed'
  | 'replaced'
  | 'nonceTaken'

export const messageTransitions: Transitions<MessageState, MessageEvent> = {
  Planned: { signed: 'Signed', held: 'Held', refused: 'Refused' },
  Held: { released: 'Planned', refused: 'Refused' },
  Signed: { pushed: 'Pushed', included: 'Included', replaced: 'Replaced', nonceTaken: 'NonceTaken' },
  Pushed: { pushed: 'Pushed', included: 'Included', replaced: 'Replaced', nonceTaken: 'NonceTaken' },
  Included: { included: 'Included', reverted: 'Pushed', confirmed: 'Confirmed', failed: 'Failed' },
  Confirmed: { reverted: 'Pushed' },
  Failed: { reverted: 'Pushed' },
  Replaced: { included: 'Included' },
  NonceTaken: { reverted: 'Pushed' },
  Refused: {},
}

export const messageInitial: readonly MessageState[] = ['Planned']
export const messageFinal: readonly MessageState[] = [
  'Confirmed',
  'Failed',
  'Replaced',
  'NonceTaken',
  'Refused',
]
