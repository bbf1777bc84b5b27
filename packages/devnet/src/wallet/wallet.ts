import { type Address, keyAddress, type Message, type SignedMessage, signingBytes } from '@sealane/actors'
import {
  exportKey,
  generateKey,
  importKey,
  type KeyInfo,
  type KeyType,
  publicKey,
  type Signature,
  sign,
} from '@sealane/crypto'
import { LedgerError } from '../ledger/ledger-error.js'
import type { ChainStore } from '../store/chain-store.js'

/** Keys that the node itself holds, in clear, as lotus does: the faucet's, and those that API users made. */
export class Wallet {
  readonly #keys = new Map<Address, KeyInfo>()

  private constructor(
    private readonly store: ChainStore,
    private readonly now: () => number,
  ) {}

  static async open(store: ChainStore, now: () => number): Promise<Wallet> {
    const wallet = new Wallet(store, now)
    for (const { key } of await store.keys()) {
      const info = importKey(key)
      wallet.#keys.set(keyAddress(info.type, publicKey(info)), info)
    }
    return wallet
  }

  list(): Address[] {
    return [...this.#keys.keys()]
  }

  has(address: Address): boolean {
    return this.#keys.has(address)
  }

  async create(type: KeyType, random: Uint8Array): Promise<Address> {
    return await this.import(exportKey(generateKey(type, random)))
  }

  /** Takes a key in lotus' export format (hex of JSON, or JSON). */
  async import(text: string): Promise<Address> {
    const info = importKey(text)
    const address = keyAddress(info.type, publicKey(info))
    await this.store.putKey(address, exportKey(info), this.now())
    this.#keys.set(address, info)
    return address
  }

  async delete(address: Address): Promise<void> {
    this.key(address)
    await this.store.deleteKey(address)
    this.#keys.delete(address)
  }

  /** @throws LedgerError when the wallet does not hold it */
  key(address: Address): KeyInfo {
    const info = this.#keys.get(address)
    if (info === undefined) throw new LedgerError(`key not found for t${address.slice(1)}`)
    return info
  }

  sign(address: Address, bytes: Uint8Array): Signature {
    return sign(this.key(address), bytes)
  }

  signMessage(address: Address, message: Message): SignedMessage {
    return { message, signature: this.sign(address, signingBytes(message)) }
  }
}
