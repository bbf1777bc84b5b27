import { type Address, protocolOfAddress } from '@sealane/actors'
import { lookupActor } from '../account/lookup-actor.js'
import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'
import type { ChainState } from '../state/chain-state.js'

const protocolNames = ['ID', 'Secp256k1', 'Actor', 'BLS', 'Delegated']

/** The id of a worker: an account with a BLS key, the kind that can sign blocks. */
export function resolveWorker(state: ChainState, raw: Address): number {
  const id = lookupActor(state, raw) ?? abort(exitCode.illegalArgument, `unable to resolve address: ${raw}`)
  const actor = state.actors[id]
  if (actor?.kind !== 'account' || actor.address === undefined) {
    return abort(exitCode.illegalArgument, `worker actor type must be an account, was ${actor?.kind}`)
  }
  const protocol = protocolOfAddress(actor.address)
  if (protocol !== 3) {
    const name = protocolNames[protocol ?? 0]
    abort(exitCode.illegalArgument, `worker account ${id} must have BLS pubkey, was ${name}`)
  }
  return id
}

/** The id behind an owner or control address; it only has to exist. */
export function resolveController(state: ChainState, raw: Address, role: 'owner' | 'control'): number {
  return (
    lookupActor(state, raw) ?? abort(exitCode.illegalArgument, `unable to resolve ${role} address: ${raw}`)
  )
}
