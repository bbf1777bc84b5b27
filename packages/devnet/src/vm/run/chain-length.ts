import { encodeMessage, type Message } from '@sealane/actors'
import type { Signature } from '@sealane/crypto'

/** A message with its signature when it has one; the signature was checked when the message entered the mempool. */
export interface Carried {
  message: Message
  signature?: Signature
}

/** Bytes of the message as blocks carry it: BLS without its signature (aggregated), secp256k1 with it. */
export function chainLength({ message, signature }: Carried): number {
  const unsigned = encodeMessage(message).length
  const secp256k1 = signature === undefined ? message.from[1] === '1' : signature.type === 1
  // A list of two, and a byte string of 1 type byte and 65 signature bytes.
  return secp256k1 ? 1 + unsigned + 2 + 66 : unsigned
}
