import { type Address, type Cid, idAddress, rawBlake2bCid } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import { lookupActor } from '../account/lookup-actor.js'
import type { ChainState } from '../state/chain-state.js'
import type { ActorKind } from '../state/chain-tables.js'
import { rootOf } from '../state/encode-state.js'
import { rows } from '../state/rows.js'

export interface ActorView {
  id: Address
  kind: ActorKind
  /** Names the actor's code on this chain; not a bundle of a real network. */
  code: Cid
  /** Names the actor's part of the state. */
  head: Cid
  nonce: number
  balance: AttoFil
  delegatedAddress: null
}

const utf8 = new TextEncoder()

/** The actor behind an address of any form; undefined when there is none. */
export function actor(state: ChainState, address: Address): ActorView | undefined {
  const id = lookupActor(state, address)
  const record = id === undefined ? undefined : state.actors[id]
  if (id === undefined || record === undefined) return undefined
  const { kind, nonce, balance } = record
  return {
    id: idAddress(id),
    kind,
    code: codeOf(kind),
    head: rootOf(ownState(state, id, kind)),
    nonce,
    balance,
    delegatedAddress: null,
  }
}

/** The ID address behind an address; undefined when there is none. */
export function lookupId(state: ChainState, address: Address): Address | undefined {
  const id = lookupActor(state, address)
  return id === undefined ? undefined : idAddress(id)
}

/** The key address of an account; undefined when the address is not of an account with a key. */
export function accountKey(state: ChainState, address: Address): Address | undefined {
  const id = lookupActor(state, address)
  const record = id === undefined ? undefined : state.actors[id]
  return record?.kind === 'account' ? record.address : undefined
}

/** The key or robust address of an actor; undefined when it has none but its id. */
export function robustAddress(state: ChainState, address: Address): Address | undefined {
  const id = lookupActor(state, address)
  return id === undefined ? undefined : state.actors[id]?.address
}

/** ID addresses of all actors. */
export function actors(state: ChainState): Address[] {
  return rows(state.actors).map(([id]) => idAddress(id))
}

/** ID addresses of all miners. */
export function miners(state: ChainState): Address[] {
  return rows(state.miners).map(([id]) => idAddress(id))
}

/** Code CID of a kind of actor on this chain. */
export function codeOf(kind: ActorKind): Cid {
  return rawBlake2bCid(utf8.encode(`sealane/devnet/${kind}`))
}

function ownState(state: ChainState, id: number, kind: ActorKind): object {
  if (kind === 'power') return state.power
  if (kind === 'market') return state.market
  return state.miners[id] ?? { kind, address: state.actors[id]?.address }
}
