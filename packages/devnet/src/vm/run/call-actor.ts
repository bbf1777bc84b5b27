import { type Address, addressBytes, idAddress, idOf } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import { createAccount } from '../account/create-account.js'
import { isKeyAddress } from '../account/is-key-address.js'
import { lookupActor } from '../account/lookup-actor.js'
import { nextActorAddress } from '../account/next-actor-address.js'
import { ActorAbort } from './actor-abort.js'
import type { Trace } from './applied.js'
import { exitCode } from './exit-code.js'
import { filText } from './fil-text.js'
import type { Machine } from './machine.js'
import { methodOf } from './method-of.js'
import { moveValue } from './move-value.js'
import type { Runtime, SendResult } from './runtime.js'

export interface Call {
  from: number
  to: Address
  value: AttoFil
  method: number
  params: Uint8Array
}

const nothing = new Uint8Array()

/**
 * Runs one call: finds (or, for a key address never seen, creates) the receiver, moves the value, runs the method.
 * When it fails the state is what it was before the call, and the machine's backtrace says why.
 */
export async function callActor(machine: Machine, call: Call): Promise<Trace> {
  const before = machine.state
  const trace: Trace = {
    from: idAddress(call.from),
    to: call.to,
    value: call.value,
    method: call.method,
    params: call.params,
    exitCode: exitCode.ok,
    return: nothing,
    subcalls: [],
  }
  const failed = (code: number): Trace => {
    machine.state = before
    trace.exitCode = code
    return trace
  }

  const receiver = findReceiver(machine, call.to)
  if (receiver === undefined) {
    machine.cause = `send::send -- actor does not exist: ${idOf(call.to) ?? call.to} (6: resource not found)`
    return failed(exitCode.invalidReceiver)
  }
  trace.to = idAddress(receiver)

  const balance = machine.state.actors[call.from]?.balance ?? 0n
  if (balance < call.value) {
    const have = filText(balance)
    machine.cause = `send::send -- sender does not have funds to transfer (balance ${have}, transfer ${filText(call.value)}) (5: insufficient funds)`
    return failed(exitCode.insufficientFundsToSend)
  }
  if (call.value > 0n) machine.update((draft) => moveValue(draft.actors, call.from, receiver, call.value))
  if (call.method === 0) return trace

  const kind = machine.state.actors[receiver]?.kind ?? 'account'
  try {
    const run = methodOf(kind, call.method)
    trace.return = await run(runtimeFor(machine, call, receiver, trace), call.params)
    return trace
  } catch (error) {
    if (!(error instanceof ActorAbort)) throw error
    const { method } = call
    machine.frames.push({ address: trace.to, method, message: error.message, exitCode: error.exitCode })
    return failed(error.exitCode)
  }
}

function findReceiver(machine: Machine, to: Address): number | undefined {
  const known = lookupActor(machine.state, to)
  if (known !== undefined || !isKeyAddress(to)) return known
  return machine.update((draft) => createAccount(draft, to))
}

function runtimeFor(machine: Machine, call: Call, receiver: number, trace: Trace): Runtime {
  return {
    caller: call.from,
    receiver,
    value: call.value,
    epoch: machine.context.epoch,
    context: machine.context,
    get state() {
      return machine.state
    },
    update: (recipe) => machine.update(recipe),
    async send(to, method, params, value): Promise<SendResult> {
      const sub = await callActor(machine, { from: receiver, to, method, params, value })
      trace.subcalls.push(sub)
      return { exitCode: sub.exitCode, return: sub.return }
    },
    newActorAddress() {
      const { address, nonce } = machine.origin
      return nextActorAddress(addressBytes(address), nonce, machine.actorsCreated++)
    },
  }
}
