import type { AttoFil } from '@sealane/fil-units'

/** What a producer must know of a sender: undefined when it is not on chain. */
export interface SenderState {
  readonly nonce: number
  readonly balance: AttoFil
}
