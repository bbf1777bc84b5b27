import { address, getBalanceReturn } from '@sealane/actors'
import { lookupActor } from '../account/lookup-actor.js'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import type { Runtime } from '../run/runtime.js'
import { amountOf } from './escrow.js'

/** Exported GetBalance: escrow and locked of an address. */
export function getBalance({ state }: Runtime, bytes: Uint8Array): Uint8Array {
  const account = decodeParams(address, bytes)
  const id =
    lookupActor(state, account) ?? abort(exitCode.illegalArgument, `failed to resolve address ${account}`)
  const { escrow, locked } = state.market
  return getBalanceReturn.encode({ balance: amountOf(escrow, id), locked: amountOf(locked, id) })
}
