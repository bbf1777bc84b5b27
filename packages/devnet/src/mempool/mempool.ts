import { type Address, type Cid, requiredFunds, type SignedMessage, signedMessageCid } from '@sealane/actors'
import { type AttoFil, formatFil } from '@sealane/fil-units'
import { LedgerError } from '../ledger/ledger-error.js'
import type { ChainStore } from '../store/chain-store.js'
import { checkMessage, checkMinimumGas } from './check-message.js'
import { leastReplacement } from './least-replacement.js'
import type { Pooled } from './pooled.js'
import type { SenderState } from './sender-state.js'

/** Pooled messages of one sender. Source: filecoin-project/lotus chain/messagepool (MaxActorPendingMessages). */
const maxPending = 1_000
const maxPendingUntrusted = 100
/** Nonces that may be missing before an untrusted message. Source: lotus messagepool (MaxNonceGap is 4 for trusted ones). */
const maxNonceGapUntrusted = 0

export interface MempoolEvent {
  readonly type: 'add' | 'remove'
  readonly signed: SignedMessage
}

/** What the pool asks of the chain: the sender after the head's messages. */
export interface PoolChain {
  /** Key address behind an address. @throws LedgerError when it is not on chain */
  keyAddress(address: Address): Promise<Address>
  sender(key: Address): Promise<SenderState | undefined>
}

/** Signed messages that wait for a block. What `push` resolved for is durable. */
export class Mempool {
  readonly #bySender = new Map<Address, Map<number, Pooled>>()
  readonly #listeners = new Set<(event: MempoolEvent) => void>()
  #arrivals = 0
  #version = 0

  private constructor(
    private readonly store: ChainStore,
    private readonly chain: PoolChain,
  ) {}

  static async open(store: ChainStore, chain: PoolChain): Promise<Mempool> {
    const pool = new Mempool(store, chain)
    const stale: Cid[] = []
    for (const { cid, signed, arrival } of await store.pool()) {
      pool.#arrivals = Math.max(pool.#arrivals, arrival)
      const sender = await chain.keyAddress(signed.message.from).catch(() => undefined)
      const state = sender === undefined ? undefined : await chain.sender(sender)
      // A replacement that arrived while its nonce was used, or a sender that a reorg took off the chain.
      if (sender === undefined || state === undefined || signed.message.nonce < state.nonce) stale.push(cid)
      else pool.#put({ cid, signed, sender, arrival })
    }
    if (stale.length > 0) await store.removeFromPool(stale)
    return pool
  }

  /** Changes with every change of the pool. */
  get version(): number {
    return this.#version
  }

  get size(): number {
    let size = 0
    for (const messages of this.#bySender.values()) size += messages.size
    return size
  }

  bySender(): ReadonlyMap<Address, readonly Pooled[]> {
    return new Map([...this.#bySender].map(([sender, messages]) => [sender, [...messages.values()]] as const))
  }

  /** All of them, in order of arrival. */
  pending(): Pooled[] {
    return [...this.#bySender.values()]
      .flatMap((messages) => [...messages.values()])
      .sort((a, b) => a.arrival - b.arrival)
  }

  /** Those of one sender, by nonce. */
  of(sender: Address): Pooled[] {
    return [...(this.#bySender.get(sender)?.values() ?? [])].sort(
      (a, b) => a.signed.message.nonce - b.signed.message.nonce,
    )
  }

  find(cid: Cid): Pooled | undefined {
    for (const messages of this.#bySender.values()) {
      for (const one of messages.values()) if (one.cid === cid) return one
    }
    return undefined
  }

  subscribe(listener: (event: MempoolEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The nonce after the pooled ones that follow the chain's without a gap. @throws LedgerError */
  async nextNonce(address: Address): Promise<number> {
    const sender = await this.chain.keyAddress(address)
    const state = await this.chain.sender(sender)
    const pooled = this.#bySender.get(sender)
    let nonce = state?.nonce ?? 0
    while (pooled?.has(nonce) === true) nonce++
    return nonce
  }

  /**
   * Takes a message, or says why not in lotus' words. With `uuid`, remembers that this push is answered by it.
   * Source of the rules and their order: filecoin-project/lotus chain/messagepool/messagepool.go.
   * @throws LedgerError
   */
  async push(signed: SignedMessage, o: { trusted: boolean; uuid?: string }): Promise<Cid> {
    checkMessage(signed)
    const { message } = signed
    const sender = await this.chain.keyAddress(message.from)
    const state = await this.chain.sender(sender)
    if (state === undefined) throw new LedgerError(`sender ${message.from} not found on chain`)
    if (state.nonce > message.nonce) {
      throw new LedgerError(
        `minimum expected nonce is ${state.nonce}, got ${message.nonce}: message nonce too low`,
      )
    }
    checkMinimumGas(signed)
    this.#checkBalance(signed, sender, state.balance)
    const replaced = this.#checkPlace(signed, sender, state.nonce, o.trusted)
    const cid = signedMessageCid(signed)
    const pooled: Pooled = { cid, signed, sender, arrival: ++this.#arrivals }
    // In memory at once, so that the next push sees it; the caller is told only when it is durable.
    this.#put(pooled)
    try {
      await this.store.addToPool({
        signed,
        sender,
        receiver: message.to,
        arrival: pooled.arrival,
        ...(replaced === undefined ? {} : { replaces: replaced.cid }),
        ...(o.uuid === undefined ? {} : { uuid: o.uuid }),
      })
    } catch (cause) {
      this.#drop(pooled)
      if (replaced !== undefined) this.#put(replaced)
      throw cause
    }
    this.#tell('add', signed)
    return cid
  }

  #checkBalance(signed: SignedMessage, sender: Address, balance: AttoFil): void {
    const required = requiredFunds(signed.message)
    const short = (needed: AttoFil, including: string) =>
      new LedgerError(
        `failed to check balance: not enough funds${including} (required: ${formatFil(needed)}, balance: ${formatFil(balance)}): not enough funds to execute transaction`,
      )
    if (balance < required) throw short(required, '')
    let all: bigint = required
    for (const [nonce, { signed: other }] of this.#bySender.get(sender) ?? []) {
      if (nonce !== signed.message.nonce) all += requiredFunds(other.message)
    }
    if (balance < all) throw short(all as AttoFil, ' including pending messages')
  }

  /** The message that this one replaces, if any. @throws LedgerError when there is no place for it */
  #checkPlace(
    signed: SignedMessage,
    sender: Address,
    chainNonce: number,
    trusted: boolean,
  ): Pooled | undefined {
    const { message } = signed
    const refused = (reason: string) => new LedgerError(`failed to add locked: ${reason}`)
    const pooled = this.#bySender.get(sender) ?? new Map<number, Pooled>()
    let next = chainNonce
    while (pooled.has(next)) next++
    if (!trusted && message.nonce > next + maxNonceGapUntrusted) {
      throw refused(
        `message nonce has too big a gap from expected nonce (Nonce: ${message.nonce}, nextNonce: ${next}): unfulfilled nonce gap`,
      )
    }
    const there = pooled.get(message.nonce)
    if (there !== undefined) {
      const where = `message from ${testnet(message.from)} with nonce ${message.nonce} already in mpool`
      if (there.cid === signedMessageCid(signed)) throw refused(`${where}: message with nonce already exists`)
      const least = leastReplacement(there.signed.message.gasPremium)
      if (message.gasPremium < least) {
        throw refused(
          `${where}, increase GasPremium to ${least} from ${message.gasPremium} to trigger replace by fee: replace by fee has too low GasPremium`,
        )
      }
      return there
    }
    const limit = trusted ? maxPending : maxPendingUntrusted
    if (pooled.size >= limit) throw refused('too many pending messages for actor')
    return undefined
  }

  /** Takes out what a block carried, or what can never be carried any more. */
  removed(messages: readonly { sender: Address; nonce: number; cid: Cid }[]): void {
    for (const { sender, nonce } of messages) {
      const pooled = this.#bySender.get(sender)?.get(nonce)
      if (pooled === undefined) continue
      this.#drop(pooled)
      this.#tell('remove', pooled.signed)
    }
  }

  /** Puts messages of reverted blocks back. Their rows are written with the revert. */
  returned(messages: readonly Pooled[]): void {
    for (const pooled of messages) {
      if (this.#bySender.get(pooled.sender)?.has(pooled.signed.message.nonce) === true) continue
      this.#put(pooled)
      this.#tell('add', pooled.signed)
    }
  }

  async clear(): Promise<void> {
    const all = this.pending()
    await this.store.removeFromPool(all.map(({ cid }) => cid))
    for (const pooled of all) this.#drop(pooled)
    for (const { signed } of all) this.#tell('remove', signed)
  }

  #put(pooled: Pooled): void {
    this.#version++
    const messages = this.#bySender.get(pooled.sender) ?? new Map<number, Pooled>()
    messages.set(pooled.signed.message.nonce, pooled)
    this.#bySender.set(pooled.sender, messages)
  }

  #drop(pooled: Pooled): void {
    this.#version++
    const messages = this.#bySender.get(pooled.sender)
    messages?.delete(pooled.signed.message.nonce)
    if (messages?.size === 0) this.#bySender.delete(pooled.sender)
  }

  #tell(type: MempoolEvent['type'], signed: SignedMessage): void {
    for (const listener of this.#listeners) listener({ type, signed })
  }
}

/** Addresses in texts are printed as this network prints them. */
function testnet(address: Address): string {
  return `t${address.slice(1)}`
}
