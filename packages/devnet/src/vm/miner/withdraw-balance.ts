import { idAddress, minerWithdrawBalanceParams, withdrawBalanceReturn } from '@sealane/actors'
import { addFil, attoFil } from '@sealane/fil-units'
import { least } from '../economics/extremes.js'
import { notePledgeChange } from '../power/note-pledge-change.js'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import { filText } from '../run/fil-text.js'
import { requireCaller } from '../run/require-caller.js'
import type { Runtime } from '../run/runtime.js'
import type { BeneficiaryTerm } from '../state/chain-tables.js'
import {
  availableBalance,
  balanceOf,
  checkBalanceInvariants,
  minerOf,
  repayDebtsOrAbort,
} from './miner-funds.js'
import { receivingMiner } from './receiving-miner.js'
import { unlockVested } from './vesting.js'

/** Method 16: pays up to the available balance to the beneficiary; returns what was paid. */
export async function withdrawBalance(runtime: Runtime, bytes: Uint8Array): Promise<Uint8Array> {
  const { amountRequested } = decodeParams(minerWithdrawBalanceParams, bytes)
  if (amountRequested < 0n) {
    abort(exitCode.illegalArgument, `negative fund requested for withdrawal: ${filText(amountRequested)}`)
  }
  const { owner, beneficiary } = receivingMiner(runtime).info
  requireCaller(runtime, [owner, beneficiary])

  const amount = runtime.update((draft) => {
    const miner = minerOf(draft, runtime.receiver)
    const vested = unlockVested(miner, runtime.epoch)
    // Takes the fee debt into account, so it is read before the debt is repaid.
    const available = availableBalance(miner, balanceOf(draft, runtime.receiver))
    repayDebtsOrAbort(draft, runtime.receiver)
    notePledgeChange(draft, -vested)
    let payable: bigint = least(available, amountRequested)
    if (payable < 0n) abort(exitCode.illegalState, `negative amount to withdraw: ${filText(payable)}`)
    if (beneficiary !== owner) {
      const quota = remainingQuota(miner.info.beneficiaryTerm, runtime.epoch)
      payable = least(payable, quota)
      miner.info.beneficiaryTerm.usedQuota = addFil(miner.info.beneficiaryTerm.usedQuota, attoFil(payable))
    }
    return attoFil(payable)
  })
  if (amount > 0n) {
    const paid = await runtime.send(idAddress(beneficiary), 0, new Uint8Array(), amount)
    if (paid.exitCode !== exitCode.ok) abort(paid.exitCode, 'failed to withdraw balance')
  }
  runtime.update((draft) => checkBalanceInvariants(draft, runtime.receiver))
  return withdrawBalanceReturn.encode(amount)
}

function remainingQuota(term: BeneficiaryTerm, epoch: number): bigint {
  const left = term.quota - term.usedQuota
  if (epoch < term.expiration && left > 0n) return left
  const limits = `quota of ${filText(term.quota)} depleted with ${filText(term.usedQuota)} used`
  return abort(exitCode.forbidden, `beneficiary expiration of epoch ${term.expiration} passed or ${limits}`)
}
