import type { Address } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import type { MessageClass } from '../policy/message-class.js'

/** A message somebody in this app wants sent. The request id makes asking twice the same as asking once. */
export interface MessageRequest {
  readonly requestId: string
  readonly class: MessageClass
  /** Key address of the sender (f1 or f3). */
  readonly from: Address
  readonly to: Address
  /** attoFIL. */
  readonly value: AttoFil
  readonly method: number
  readonly params: Uint8Array
  /** For the signature log and the operator: why this is sent. */
  readonly reason: string
}
