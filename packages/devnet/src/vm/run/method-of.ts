import { accountFallback, accountMethods } from '../account/account-methods.js'
import { marketMethods } from '../market/market-methods.js'
import { minerMethods } from '../miner/miner-methods.js'
import { powerMethods } from '../power/power-methods.js'
import type { ActorKind } from '../state/chain-tables.js'
import { abort } from './actor-abort.js'
import { exitCode } from './exit-code.js'
import type { ActorMethod } from './runtime.js'

type Methods = { readonly [method: number]: ActorMethod | undefined }

const none: Methods = {}

const methodsByKind: Record<ActorKind, Methods> = {
  account: accountMethods,
  miner: minerMethods,
  market: marketMethods,
  power: powerMethods,
  system: none,
  init: none,
  reward: none,
  cron: none,
  verifreg: none,
  datacap: none,
  placeholder: none,
}

/** The method of an actor by its number. Throws ActorAbort (22) when this chain's actor has none. */
export function methodOf(kind: ActorKind, method: number): ActorMethod {
  const found = methodsByKind[kind][method] ?? (kind === 'account' ? accountFallback(method) : undefined)
  return found ?? abort(exitCode.unhandledMessage, `invalid method: ${method}`)
}
