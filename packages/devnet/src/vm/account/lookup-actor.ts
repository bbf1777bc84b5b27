import { type Address, idOf } from '@sealane/actors'
import type { ChainState } from '../state/chain-state.js'

/** The id of the actor behind an address of any form; undefined when there is none. */
export function lookupActor(state: ChainState, address: Address): number | undefined {
  const id = idOf(address) ?? state.addresses[address]
  return id !== undefined && state.actors[id] !== undefined ? id : undefined
}
