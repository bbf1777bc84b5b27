import { addBalanceParams } from '@sealane/actors'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import { filText } from '../run/fil-text.js'
import type { Runtime } from '../run/runtime.js'
import { addEscrow } from './escrow.js'
import { escrowParty } from './escrow-party.js'

/** Method 2: the value sent goes into the escrow of the address given, from whomever it comes. */
export function addBalance(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const address = decodeParams(addBalanceParams, bytes)
  if (runtime.value <= 0n) {
    const value = filText(runtime.value)
    abort(exitCode.illegalArgument, `balance to add must be greater than zero was: ${value}`)
  }
  const { id } = escrowParty(runtime.state, address)
  runtime.update((draft) => addEscrow(draft.market, id, runtime.value))
  return new Uint8Array()
}
