import { idAddress, marketWithdrawBalanceParams, withdrawBalanceReturn } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { least } from '../economics/extremes.js'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import { filText } from '../run/fil-text.js'
import { requireCaller } from '../run/require-caller.js'
import type { Runtime } from '../run/runtime.js'
import { addEscrow, amountOf } from './escrow.js'
import { escrowParty } from './escrow-party.js'

/** Method 3: pays out up to the free part of an escrow; returns what was paid. */
export async function withdrawBalance(runtime: Runtime, bytes: Uint8Array): Promise<Uint8Array> {
  const { providerOrClientAddress, amount } = decodeParams(marketWithdrawBalanceParams, bytes)
  if (amount < 0n) abort(exitCode.illegalArgument, `negative amount: ${filText(amount)}`)
  const { id, recipient, approved } = escrowParty(runtime.state, providerOrClientAddress)
  requireCaller(runtime, approved)

  const paid = runtime.update(({ market }) => {
    const free = amountOf(market.escrow, id) - amountOf(market.locked, id)
    const payable = attoFil(least<bigint>(free, amount))
    addEscrow(market, id, -payable)
    return payable
  })
  const sent = await runtime.send(idAddress(recipient), 0, new Uint8Array(), paid)
  if (sent.exitCode !== exitCode.ok) abort(sent.exitCode, 'failed to send the withdrawn balance')
  return withdrawBalanceReturn.encode(paid)
}
