import type { Cid } from '@sealane/actors'
import type { BlockHeader, TipSet, TipSetKey } from '@sealane/chain'
import { BoundedMap } from '../bounded-map.js'
import type { ChainStep, ChainStore, StoredBlock } from '../store/chain-store.js'
import { type ChainState, decodeState } from '../vm/index.js'
import { LedgerError } from './ledger-error.js'

/** Blocks and states kept in memory; older ones are read from the database. */
const blocksInMemory = 1_024
const statesInMemory = 96

/** The chain and its states: what was made durable, seen from its head. One block a tipset. */
export class Ledger {
  #head: StoredBlock
  readonly #blocks = new BoundedMap<Cid, StoredBlock>(blocksInMemory)
  /** Canonical blocks by height, for the newest; a miss means "ask the database", never "null round". */
  readonly #byHeight = new BoundedMap<number, StoredBlock>(blocksInMemory)
  readonly #states = new BoundedMap<Cid, ChainState>(statesInMemory)
  #lastMessageHeight: number | undefined

  private constructor(
    private readonly store: ChainStore,
    head: StoredBlock,
  ) {
    this.#head = head
    this.#remember(head)
  }

  /** Takes up the chain where the database stands; it must have a genesis. */
  static async open(store: ChainStore, head: StoredBlock): Promise<Ledger> {
    const ledger = new Ledger(store, head)
    ledger.#lastMessageHeight = await store.lastHeightWithMessages(head.header.height)
    return ledger
  }

  get head(): StoredBlock {
    return this.#head
  }

  /** Newest height whose block carried a message. */
  get lastMessageHeight(): number | undefined {
    return this.#lastMessageHeight
  }

  #remember(block: StoredBlock): void {
    this.#blocks.set(block.cid, block)
    this.#byHeight.set(block.header.height, block)
  }

  /** Writes a step and moves the head: to its last block, or back to the block before `revertFrom`. */
  async commit(step: ChainStep, states: ReadonlyMap<Cid, ChainState>): Promise<void> {
    await this.store.commit(step)
    for (const [root, state] of states) this.#states.set(root, state)
    if (step.revertFrom !== undefined) {
      // Heights above are stale now: forget them all rather than know which.
      for (let height = step.revertFrom; height <= this.#head.header.height; height++)
        this.#byHeight.delete(height)
      const base = await this.store.canonicalAtOrBefore(step.revertFrom - 1)
      if (base !== undefined) this.#head = base
    }
    for (const { block } of step.blocks) {
      this.#remember(block)
      this.#head = block
      if (block.messageCount > 0) this.#lastMessageHeight = block.header.height
    }
    if (step.revertFrom !== undefined) {
      this.#lastMessageHeight = await this.store.lastHeightWithMessages(this.#head.header.height)
    }
  }

  async block(cid: Cid): Promise<StoredBlock> {
    const known = this.#blocks.get(cid) ?? (await this.store.block(cid))
    if (known === undefined) throw new LedgerError(`ipld: could not find ${cid}`)
    this.#blocks.set(cid, known)
    return known
  }

  /** The block of a tipset key; the head for an empty one. */
  async tipSetBlock(key: TipSetKey): Promise<StoredBlock> {
    const [cid] = key
    if (cid === undefined) return this.#head
    try {
      return await this.block(cid)
    } catch (cause) {
      throw cause instanceof LedgerError ? new LedgerError(`get block ${cid}: ${cause.message}`) : cause
    }
  }

  async parent(block: StoredBlock): Promise<StoredBlock> {
    const [cid] = block.header.parents
    if (cid === undefined || block.header.height === 0) throw new LedgerError('genesis has no parent')
    return await this.block(cid)
  }

  /** Whether the block is on the chain now. */
  async isCanonical(block: StoredBlock): Promise<boolean> {
    if (block.header.height > this.#head.header.height) return false
    const there = await this.#canonicalAtOrBefore(block.header.height)
    return there.cid === block.cid
  }

  async #canonicalAtOrBefore(height: number): Promise<StoredBlock> {
    if (height >= this.#head.header.height) return this.#head
    const known = this.#byHeight.get(height) ?? (await this.store.canonicalAtOrBefore(height))
    if (known === undefined) throw new LedgerError(`no tipset at or before ${height}`)
    if (known.header.height === height) this.#remember(known)
    return known
  }

  /** The ancestor of `from` (or itself) at this height, or the one before when the round was null. */
  async atOrBefore(height: number, from: StoredBlock): Promise<StoredBlock> {
    let at = from
    while (at.header.height > height && !(await this.isCanonical(at))) at = await this.parent(at)
    return at.header.height <= height ? at : await this.#canonicalAtOrBefore(height)
  }

  /** The ancestor of `from` (or itself) at this height, or the next one above it when the round was null. */
  async atOrAfter(height: number, from: StoredBlock): Promise<StoredBlock> {
    const exact = await this.atOrBefore(height, from)
    if (exact.header.height === height) return exact
    let above = from
    while (!(await this.isCanonical(above))) {
      const parent = await this.parent(above)
      if (parent.header.height < height) return above
      above = parent
    }
    return (await this.canonicalAfter(height)) ?? above
  }

  /** The next block on the chain above this height. */
  async canonicalAfter(height: number): Promise<StoredBlock | undefined> {
    if (height >= this.#head.header.height) return undefined
    return this.#byHeight.get(height + 1) ?? (await this.store.canonicalAfter(height))
  }

  /** The state after a block: its messages and its cron applied. */
  async stateAfter(block: StoredBlock): Promise<ChainState> {
    return await this.state(block.postRoot)
  }

  /** The state that a tipset reports: the one after its parent. */
  async stateAt(block: StoredBlock): Promise<ChainState> {
    return await this.state(block.header.parentStateRoot)
  }

  async state(root: Cid): Promise<ChainState> {
    const known = this.#states.get(root)
    if (known !== undefined) return known
    const text = await this.store.state(root)
    if (text === undefined) throw new LedgerError(`state ${root} is not kept by this simnet`)
    const state = decodeState(text)
    this.#states.set(root, state)
    return state
  }

  /** Reverts (newest first), then applies (oldest first), that lead from one block to another. */
  async path(
    from: StoredBlock,
    to: StoredBlock,
  ): Promise<{ reverts: StoredBlock[]; applies: StoredBlock[] }> {
    const reverts: StoredBlock[] = []
    const applies: StoredBlock[] = []
    let left = from
    let right = to
    while (left.cid !== right.cid) {
      if (left.header.height > right.header.height) {
        reverts.push(left)
        left = await this.parent(left)
      } else {
        applies.push(right)
        right = await this.parent(right)
      }
    }
    return { reverts, applies: applies.reverse() }
  }
}

export function tipSetOf(block: { cid: Cid; header: BlockHeader }): TipSet {
  const { cid, header } = block
  return { key: [cid], height: header.height, blocks: [header], timestamp: header.timestamp }
}
