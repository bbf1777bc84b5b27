import type { Message } from '@sealane/actors'
import { lookupActor } from '../account/lookup-actor.js'
import { countItems } from '../gas/count-items.js'
import { executionGas } from '../gas/gas-schedule.js'
import type { Trace } from './applied.js'
import { callActor } from './call-actor.js'
import { exitCode } from './exit-code.js'
import type { Machine } from './machine.js'

/** Runs the call of a message; more gas than `gasLimit` makes it fail with exit code 7. */
export async function runMessage(
  machine: Machine,
  sender: number,
  message: Message,
  inclusion: number,
  gasLimit: number,
): Promise<{ trace: Trace; gasUsed: number }> {
  const receiverBefore = lookupActor(machine.state, message.to)
  const trace = await callActor(machine, { ...message, from: sender })
  const kind =
    receiverBefore === undefined ? 'account' : (machine.state.actors[receiverBefore]?.kind ?? 'account')
  const execution = executionGas({
    kind,
    method: message.method,
    items: countItems(kind, message.method, message.params),
    createdAccount: receiverBefore === undefined,
    succeeded: trace.exitCode === exitCode.ok,
  })
  const gasUsed = inclusion + execution
  if (gasUsed <= gasLimit) return { trace, gasUsed }

  machine.frames.length = 0
  machine.cause = undefined
  machine.frames.push({
    address: trace.to,
    method: message.method,
    message: 'out of gas',
    exitCode: exitCode.outOfGas,
  })
  const dry = { ...trace, exitCode: exitCode.outOfGas, return: new Uint8Array(), subcalls: [] }
  return { trace: dry, gasUsed: gasLimit }
}
