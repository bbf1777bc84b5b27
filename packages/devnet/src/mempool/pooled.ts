import type { Address, Cid, SignedMessage } from '@sealane/actors'

export interface Pooled {
  readonly cid: Cid
  readonly signed: SignedMessage
  /** Key address. */
  readonly sender: Address
  /** Order of arrival. */
  readonly arrival: number
}
