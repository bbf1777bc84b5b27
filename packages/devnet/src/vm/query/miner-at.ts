import type { Address } from '@sealane/actors'
import { lookupActor } from '../account/lookup-actor.js'
import type { ChainState } from '../state/chain-state.js'
import type { MinerTables } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'

/** The miner behind an address of any form; undefined when it is no miner. */
export function minerAt(state: ChainState, address: Address): DeepReadonly<MinerTables> | undefined {
  const id = lookupActor(state, address)
  return id === undefined ? undefined : state.miners[id]
}
