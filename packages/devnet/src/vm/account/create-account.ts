import type { Address } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import type { ChainTables } from '../state/chain-tables.js'

/** Gives a key address its account, as its first receive does. Returns the new id. */
export function createAccount(draft: ChainTables, address: Address): number {
  const id = draft.nextActorId++
  draft.actors[id] = { kind: 'account', nonce: 0, balance: attoFil(0n), address }
  draft.addresses[address] = id
  return id
}
