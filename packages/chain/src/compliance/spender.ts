import {
  type Address,
  keyAddress,
  type Message,
  requiredFunds,
  type SignedMessage,
  signingBytes,
} from '@sealane/actors'
import { type KeyInfo, publicKey, sign } from '@sealane/crypto'
import { type AttoFil, attoFil, formatFil } from '@sealane/fil-units'
import { Skipped } from './expect.js'

/**
 * A key that may spend a stated amount and no more. It sends to itself only, so fees are all it spends; each message
 * counts with all it could cost.
 */
export class Spender {
  readonly address: Address
  #left: bigint

  constructor(
    private readonly key: KeyInfo,
    private readonly most: AttoFil,
  ) {
    this.address = keyAddress(key.type, publicKey(key))
    this.#left = most
  }

  /** The most that what was signed may have cost. */
  get spent(): AttoFil {
    return attoFil(this.most - this.#left)
  }

  /** Signs a message to ourselves, perhaps in place of another. @throws Skipped when it could cost more than is left */
  sign(message: Omit<Message, 'from' | 'to'>, replaced?: SignedMessage): SignedMessage {
    const own = { ...message, from: this.address, to: this.address }
    // Only one of two messages with the same nonce is ever paid for.
    const cost = requiredFunds(own) - (replaced === undefined ? 0n : requiredFunds(replaced.message))
    if (cost > this.#left) {
      const [needed, left] = [formatFil(attoFil(cost)), formatFil(attoFil(this.#left))]
      throw new Skipped(`it could cost ${needed}, and ${left} of ${formatFil(this.most)} are left to spend`)
    }
    if (cost > 0n) this.#left -= cost
    return this.signed(own)
  }

  /** Signs what cannot land, as a compliant node will say. */
  signUnlandable(message: Omit<Message, 'from' | 'to'>): SignedMessage {
    return this.signed({ ...message, from: this.address, to: this.address })
  }

  private signed(message: Message): SignedMessage {
    return { message, signature: sign(this.key, signingBytes(message)) }
  }
}
