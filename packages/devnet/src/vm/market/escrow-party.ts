import type { Address } from '@sealane/actors'
import { lookupActor } from '../account/lookup-actor.js'
import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'
import type { ChainState } from '../state/chain-state.js'

export interface EscrowParty {
  /** Whose escrow it is: the account, or the miner. */
  id: number
  /** Who gets what is withdrawn: the account itself, or the miner's owner. */
  recipient: number
  /** Who may withdraw: the account itself, or the miner's owner and worker. */
  approved: number[]
}

/** The party behind an address, for AddBalance and WithdrawBalance. */
export function escrowParty(state: ChainState, address: Address): EscrowParty {
  const id =
    lookupActor(state, address) ?? abort(exitCode.illegalArgument, `failed to resolve address ${address}`)
  const info = state.miners[id]?.info
  if (info === undefined) return { id, recipient: id, approved: [id] }
  return { id, recipient: info.owner, approved: [info.owner, info.worker] }
}
