import { addFil, attoFil, subtractFil } from '@sealane/fil-units'
import { lookupActor } from '../account/lookup-actor.js'
import { gasOutputs } from '../gas/gas-outputs.js'
import { inclusionGas } from '../gas/gas-schedule.js'
import type { ChainState } from '../state/chain-state.js'
import type { Applied } from './applied.js'
import { burntFundsActor, rewardActor } from './builtin-ids.js'
import { type Carried, chainLength } from './chain-length.js'
import { exitCode } from './exit-code.js'
import { type BlockContext, Machine } from './machine.js'
import { notIncluded } from './not-included.js'
import { runMessage } from './run-message.js'

/**
 * Executes one message as a block producer would: checks sender, nonce and funds for gas, takes the gas fee, runs
 * the call, splits the fee. A failed call still uses its nonce and its gas.
 */
export async function applyMessage(
  state: ChainState,
  context: BlockContext,
  carried: Carried,
): Promise<Applied> {
  const { message } = carried
  const inclusion = inclusionGas(chainLength(carried))
  const refused = (code: number, error: string) => notIncluded(state, carried, code, error)

  if (message.value < 0n || message.gasFeeCap < 0n || message.gasPremium < 0n) {
    return refused(exitCode.senderStateInvalid, 'Message has a negative value, fee cap or premium')
  }
  if (inclusion > message.gasLimit) {
    return refused(exitCode.outOfGas, `Out of gas (${inclusion} > ${message.gasLimit})`)
  }
  const sender = lookupActor(state, message.from)
  const account = sender === undefined ? undefined : state.actors[sender]
  if (sender === undefined || account === undefined) return refused(exitCode.senderInvalid, 'Sender invalid')
  if (account.kind !== 'account' || account.address === undefined) {
    return refused(exitCode.senderInvalid, 'Send not from valid sender')
  }
  if (account.nonce !== message.nonce) {
    return refused(exitCode.senderStateInvalid, `Actor nonce invalid: ${message.nonce} != ${account.nonce}`)
  }
  const gasFunds = attoFil(message.gasFeeCap * BigInt(message.gasLimit))
  if (account.balance < gasFunds) {
    const reason = `Actor balance less than needed: ${account.balance} < ${gasFunds}`
    return refused(exitCode.senderStateInvalid, reason)
  }

  const machine = new Machine(state, context, { address: account.address, nonce: message.nonce })
  machine.update((draft) => {
    const payer = draft.actors[sender]
    if (payer === undefined) throw new Error(`sender ${sender} vanished`)
    payer.nonce += 1
    payer.balance = subtractFil(payer.balance, gasFunds)
  })
  const paid = machine.state
  const { trace, gasUsed } = await runMessage(machine, sender, message, inclusion, message.gasLimit)
  if (trace.exitCode !== exitCode.ok) machine.state = paid

  const gasCost = gasOutputs(gasUsed, message, context.baseFee)
  machine.update((draft) => {
    const credit = (id: number, amount: bigint) => {
      const actor = draft.actors[id]
      if (actor === undefined) throw new Error(`no actor ${id} to credit`)
      actor.balance = addFil(actor.balance, attoFil(amount))
    }
    credit(burntFundsActor, gasCost.baseFeeBurn + gasCost.overEstimationBurn)
    credit(rewardActor, gasCost.minerTip)
    credit(sender, gasCost.refund)
  })
  return {
    state: machine.state,
    receipt: { exitCode: trace.exitCode, return: trace.return, gasUsed, eventsRoot: null },
    gasCost,
    error: trace.exitCode === exitCode.ok ? '' : machine.errorText(trace.exitCode),
    trace,
    included: true,
  }
}
