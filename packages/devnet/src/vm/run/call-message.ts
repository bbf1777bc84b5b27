import type { Message } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { lookupActor } from '../account/lookup-actor.js'
import { gasOutputs } from '../gas/gas-outputs.js'
import { inclusionGas } from '../gas/gas-schedule.js'
import { accountKey } from '../query/actor-queries.js'
import type { ChainState } from '../state/chain-state.js'
import type { Applied } from './applied.js'
import { chainLength } from './chain-length.js'
import { exitCode } from './exit-code.js'
import { type BlockContext, Machine } from './machine.js'
import { notIncluded } from './not-included.js'
import { runMessage } from './run-message.js'

/**
 * Executes a call without nonce, fee or gas limit, as StateCall does; its gas is that of execution alone.
 * An unknown sender gets exit code 1.
 */
export function callMessage(state: ChainState, context: BlockContext, message: Message): Promise<Applied> {
  return simulate(state, context, message, 0)
}

/** What a message would use of gas in a block. The receipt of `applied` says whether it would succeed at all. */
export async function estimateGasLimit(
  state: ChainState,
  context: BlockContext,
  message: Message,
): Promise<{ gasUsed: number; applied: Applied }> {
  // An ID address does not tell how the sender signs; its key does.
  const from = accountKey(state, message.from) ?? message.from
  const inclusion = inclusionGas(chainLength({ message: { ...message, from } }))
  const applied = await simulate(state, context, message, inclusion)
  return { gasUsed: applied.receipt.gasUsed, applied }
}

async function simulate(
  state: ChainState,
  context: BlockContext,
  message: Message,
  inclusion: number,
): Promise<Applied> {
  const sender = lookupActor(state, message.from)
  if (sender === undefined) return notIncluded(state, { message }, exitCode.senderInvalid, 'Sender invalid')
  const address = state.actors[sender]?.address ?? message.from
  const machine = new Machine(state, context, { address, nonce: message.nonce })
  const { trace, gasUsed } = await runMessage(machine, sender, message, inclusion, Number.POSITIVE_INFINITY)
  const succeeded = trace.exitCode === exitCode.ok
  const free = attoFil(0n)
  return {
    state: succeeded ? machine.state : state,
    receipt: { exitCode: trace.exitCode, return: trace.return, gasUsed, eventsRoot: null },
    gasCost: gasOutputs(gasUsed, { gasLimit: gasUsed, gasFeeCap: free, gasPremium: free }, free),
    error: succeeded ? '' : machine.errorText(trace.exitCode),
    trace,
    included: true,
  }
}
