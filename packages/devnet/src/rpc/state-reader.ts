import { type Address, bitfield, type Cid } from '@sealane/actors'
import { type Json, shapes } from '@sealane/chain'
import { LedgerError } from '../ledger/ledger-error.js'
import { codeName, type DevnetNode } from '../node/devnet-node.js'
import type { StoredBlock } from '../store/chain-store.js'
import { type ChainState, query } from '../vm/index.js'

/** The state that a tipset reports, with the tipset. */
export interface At {
  readonly block: StoredBlock
  readonly state: ChainState
  readonly epoch: number
}

/** The tipset a State* method is asked about. @throws LedgerError in the words of lotus' State* methods */
export async function stateTipSet(node: DevnetNode, key: readonly Cid[]): Promise<StoredBlock> {
  try {
    return await node.ledger.tipSetBlock(key)
  } catch (cause) {
    throw cause instanceof LedgerError ? new LedgerError(`failed to load tipset: ${cause.message}`) : cause
  }
}

/** What a State* method is asked about: the tipset of a key (the head for none), and the state it reports. */
export async function stateAt(node: DevnetNode, key: readonly Cid[]): Promise<At> {
  const block = await stateTipSet(node, key)
  return { block, state: await node.ledger.stateAt(block), epoch: block.header.height }
}

/** What a query about a miner found; lotus' words when the address is not a miner's. */
export function known<T>(state: ChainState, address: Address, value: T | undefined): T {
  if (value !== undefined) return value
  const actor = query.actor(state, address)
  throw new LedgerError(
    actor === undefined
      ? 'failed to load miner actor: actor not found'
      : `failed to load miner actor state: actor code is not miner: ${codeName(actor.kind)}`,
  )
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

export function bitsJson(numbers: readonly number[]): Json {
  return shapes.bits.write(bitfield.of(numbers), 't')
}
