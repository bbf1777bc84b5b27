import { type Address, type Cid, minerMethods, parseAddress, submitWindowedPostParams } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import type { Verifier } from '@sealane/proofs'
import { receiptObjects } from '../blocks/block-messages.js'
import type { ChainView } from '../clock/chain-view.js'
import { Ledger } from '../ledger/ledger.js'
import { LedgerError } from '../ledger/ledger-error.js'
import { Mempool, type PoolChain } from '../mempool/mempool.js'
import type { Pooled } from '../mempool/pooled.js'
import { selectMessages } from '../mempool/select-messages.js'
import type { SenderState } from '../mempool/sender-state.js'
import { blockContext, type Chain, type Parent } from '../producer/build-block.js'
import type { TicketBook } from '../randomness/ticket-book.js'
import type { ChainStore, StoredBlock } from '../store/chain-store.js'
import {
  type BlockContext,
  blockGasLimit,
  type ChainState,
  nextBaseFee,
  owedPosts,
  pendingSeeds,
  query,
  unactivatedDeals,
  unprovenOrRecovering,
} from '../vm/index.js'
import { Wallet } from '../wallet/wallet.js'
import type { GenesisFact, MempoolFact } from './chain-facts.js'
import { shown } from './network.js'
import { Turns } from './turns.js'

/** How the head moved: undo `reverts` (newest first), then `applies` (oldest first). */
export interface HeadMove {
  readonly reverts: readonly StoredBlock[]
  readonly applies: readonly StoredBlock[]
}

export interface Followers {
  readonly count: number
  readonly behind: number
}

export interface NodeParts {
  readonly store: ChainStore
  readonly verifier: Verifier
  readonly genesis: GenesisFact
  readonly book: TicketBook
  readonly mempool: MempoolFact
  readonly now: () => number
}

/** A message that the execution would not have in a block is left alone for this many epochs. */
const refusedRestEpochs = 10

/** The chain, its pool and its keys, and what can be asked about them. Makes no blocks by itself. */
export class DevnetNode {
  readonly #listeners = new Set<(move: HeadMove) => void>()
  readonly #refusedAt = new Map<Cid, number>()
  #selection: { head: Cid; version: number; settings: MempoolFact; messages: Pooled[] } | undefined
  #parent: Parent | undefined
  #facts: { state: ChainState; seeds: ReturnType<typeof pendingSeeds>; toProve: number } | undefined
  /** Who signs with the wallet's keys takes a turn here. */
  readonly signing = new Turns()
  /** Who asks the faucet takes a turn here. */
  readonly funding = new Turns()
  followers: () => Followers = () => ({ count: 0, behind: 0 })

  private constructor(
    readonly store: ChainStore,
    readonly ledger: Ledger,
    readonly pool: Mempool,
    readonly wallet: Wallet,
    readonly genesis: GenesisFact,
    private readonly parts: NodeParts,
    private settings: MempoolFact,
    private ticketBook: TicketBook,
  ) {}

  /** Takes up a chain that has a genesis. */
  static async open(parts: NodeParts): Promise<DevnetNode> {
    const { store } = parts
    const head = await store.canonicalHead()
    if (head === undefined) throw new TypeError('the chain has no genesis')
    const ledger = await Ledger.open(store, head)
    const poolChain: PoolChain = {
      keyAddress: async (address) => keyAddressIn(await ledger.stateAfter(ledger.head), address),
      sender: async (key) => senderIn(await ledger.stateAfter(ledger.head), key),
    }
    const pool = await Mempool.open(store, poolChain)
    const wallet = await Wallet.open(store, parts.now)
    return new DevnetNode(store, ledger, pool, wallet, parts.genesis, parts, parts.mempool, parts.book)
  }

  get head(): StoredBlock {
    return this.ledger.head
  }

  get book(): TicketBook {
    return this.ticketBook
  }

  /** Only the producer changes it, with the step that makes it durable. */
  setBook(book: TicketBook): void {
    this.ticketBook = book
  }

  get mempoolSettings(): MempoolFact {
    return this.settings
  }

  async setMempoolSettings(settings: MempoolFact): Promise<void> {
    await this.store.setFact('mempool', settings)
    this.settings = settings
  }

  get faucet(): Address {
    return parseAddress(this.genesis.faucet)
  }

  chain(book: TicketBook = this.ticketBook): Chain {
    return {
      book,
      verifier: this.parts.verifier,
      genesisTimestamp: this.genesis.genesisTimestamp,
      blockDelaySeconds: this.genesis.blockDelaySeconds,
    }
  }

  /** The state after the head: what the next block starts from, and what a client will see one tipset later. */
  async latest(): Promise<ChainState> {
    return await this.ledger.stateAfter(this.head)
  }

  /** Everything the next block is built on. */
  async parent(): Promise<Parent> {
    const block = this.head
    if (this.#parent?.block.cid === block.cid) return this.#parent
    const inclusions = await this.store.inclusionsIn(block.cid)
    const messages = await Promise.all(inclusions.map(async ({ message }) => await this.message(message)))
    const parent: Parent = {
      block,
      post: await this.latest(),
      receiptsRoot: receiptObjects(
        inclusions.map(({ exitCode, returned, gasUsed }) => ({ exitCode, return: returned, gasUsed })),
      )[0].cid,
      nextBaseFee: nextBaseFee(
        block.header.parentBaseFee,
        messages.map(({ message }) => message),
      ),
    }
    this.#parent = parent
    return parent
  }

  /** Saves reading it back after a block was made. */
  knowParent(parent: Parent): void {
    this.#parent = parent
  }

  async message(cid: Cid) {
    const signed = await this.store.message(cid)
    if (signed === undefined) throw new LedgerError(`ipld: could not find ${cid}`)
    return signed
  }

  /** The key address of a sender on chain. @throws LedgerError */
  async senderOf(address: Address): Promise<Address> {
    return keyAddressIn(await this.latest(), address)
  }

  /** The context of the block that would come next. */
  async nextContext(): Promise<BlockContext> {
    const { nextBaseFee: baseFee, block } = await this.parent()
    return blockContext(this.chain(), block.header.height + 1, baseFee)
  }

  /** What the next block would take. */
  async selection(): Promise<Pooled[]> {
    const { head } = this
    const known = this.#selection
    if (known?.head === head.cid && known.version === this.pool.version && known.settings === this.settings) {
      return known.messages
    }
    const { nextBaseFee: baseFee } = await this.parent()
    const version = this.pool.version
    const messages = this.selectFor(await this.latest(), baseFee, head.header.height + 1)
    this.#selection = { head: head.cid, version, settings: this.settings, messages }
    return messages
  }

  /** What a block at `epoch` on this state would take. */
  selectFor(state: ChainState, baseFee: AttoFil, epoch: number): Pooled[] {
    if (this.pool.size === 0) {
      this.#refusedAt.clear()
      return []
    }
    const selected = selectMessages(this.pool.bySender(), {
      baseFee,
      gasLimit: Number(blockGasLimit),
      priority: this.settings.priorityAddresses.map((address) => keyOrSame(state, parseAddress(address))),
      sender: (address) => senderIn(state, address),
    })
    const resting = new Set(
      selected
        .filter(
          ({ cid }) => epoch - (this.#refusedAt.get(cid) ?? Number.NEGATIVE_INFINITY) < refusedRestEpochs,
        )
        .map(({ sender }) => sender),
    )
    return resting.size === 0 ? selected : selected.filter(({ sender }) => !resting.has(sender))
  }

  /** Notes messages that the execution would not have in a block, so that they do not keep the chain busy. */
  refused(messages: readonly Pooled[], epoch: number): void {
    for (const { cid } of messages) this.#refusedAt.set(cid, epoch)
    if (messages.length > 0) this.#selection = undefined
  }

  /** What the clock looks at. `wallMs` is Unix time. */
  async view(state: ChainState, head: StoredBlock, selected: readonly Pooled[]): Promise<ChainView> {
    const at = head.header.height
    if (this.#facts?.state !== state) {
      this.#facts = { state, seeds: pendingSeeds(state), toProve: unprovenOrRecovering(state).length }
    }
    const { toProve } = this.#facts
    const seeds = this.#facts.seeds.filter(({ expiresEpoch }) => expiresEpoch > at)
    const deals = unactivatedDeals(state, at)
    const losses = [
      ...deals.map(({ startEpoch }) => startEpoch),
      ...seeds.map(({ expiresEpoch }) => expiresEpoch),
    ]
    const lastMessageEpoch = head.messageCount > 0 ? at : this.ledger.lastMessageHeight
    const wallSeconds = this.parts.now() / 1000 - this.genesis.genesisTimestamp
    return {
      headEpoch: at,
      wallEpoch: Math.floor(wallSeconds / this.genesis.blockDelaySeconds),
      includable: selected.length,
      ...(lastMessageEpoch === undefined ? {} : { lastMessageEpoch }),
      ...(seeds.length === 0 ? {} : { lastSeedEpoch: Math.max(...seeds.map(({ seedEpoch }) => seedEpoch)) }),
      unactivatedDeals: deals.length,
      ...(losses.length === 0 ? {} : { nearestLoss: Math.min(...losses) }),
      sectorsToProve: toProve,
      owed: owedPosts(state, at + 1).map((owed) => ({
        miner: shown(owed.miner),
        deadline: owed.deadline,
        close: owed.close,
        partitions: owed.partitions,
        answered: answers(state, selected, owed),
      })),
      followers: this.followers(),
    }
  }

  subscribe(listener: (move: HeadMove) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  moved(move: HeadMove): void {
    for (const listener of this.#listeners) listener(move)
  }
}

/** Whether pooled PoSts that the next block takes cover everything this deadline owes. */
function answers(
  state: ChainState,
  selected: readonly Pooled[],
  owed: { miner: Address; deadline: number; partitions: readonly number[] },
): boolean {
  const covered = new Set<number>()
  for (const { signed } of selected) {
    const { to, method, params } = signed.message
    if (method !== minerMethods.SubmitWindowedPoSt || query.lookupId(state, to) !== owed.miner) continue
    try {
      const post = submitWindowedPostParams.decode(params)
      if (post.deadline === owed.deadline) for (const { index } of post.partitions) covered.add(index)
    } catch {
      // Parameters that do not decode prove nothing; the execution will say so.
    }
  }
  return owed.partitions.every((index) => covered.has(index))
}

function senderIn(state: ChainState, key: Address): SenderState | undefined {
  const actor = query.actor(state, key)
  return actor === undefined ? undefined : { nonce: actor.nonce, balance: actor.balance }
}

function keyOrSame(state: ChainState, address: Address): Address {
  return query.accountKey(state, address) ?? address
}

/** The key address behind a sender. @throws LedgerError in lotus' words when it is not on chain, or has no key */
export function keyAddressIn(state: ChainState, address: Address): Address {
  const key = query.accountKey(state, address)
  if (key !== undefined) return key
  const actor = query.actor(state, address)
  if (actor !== undefined) {
    throw new LedgerError(
      `failed to get account actor state for ${shown(address)}: actor code is not account: ${codeName(actor.kind)}`,
    )
  }
  throw unresolvable(address)
}

/** Lotus' words for an address that nothing on chain has. */
export function unresolvable(address: Address): LedgerError {
  const text = shown(address)
  return text.startsWith('t0')
    ? new LedgerError(`failed to find actor: ${text}`)
    : new LedgerError(`resolution lookup failed (${text}): resolve address ${text}: actor not found`)
}

const codeNames: Readonly<Record<string, string>> = {
  miner: 'storageminer',
  market: 'storagemarket',
  power: 'storagepower',
  verifreg: 'verifiedregistry',
}

/** The name of an actor's code, as bundles name it. */
export function codeName(kind: string): string {
  return codeNames[kind] ?? kind
}
