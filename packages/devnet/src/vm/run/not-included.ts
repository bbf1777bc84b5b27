import { attoFil } from '@sealane/fil-units'
import { gasOutputs } from '../gas/gas-outputs.js'
import type { ChainState } from '../state/chain-state.js'
import type { Applied } from './applied.js'
import type { Carried } from './chain-length.js'

/** The answer for a message that no block may carry: nothing happened, and why. */
export function notIncluded(state: ChainState, { message }: Carried, code: number, error: string): Applied {
  const nothing = new Uint8Array()
  const { from, to, value, method, params } = message
  const free = attoFil(0n)
  return {
    state,
    receipt: { exitCode: code, return: nothing, gasUsed: 0, eventsRoot: null },
    gasCost: gasOutputs(0, { gasLimit: 0, gasFeeCap: free, gasPremium: free }, free),
    error,
    trace: { from, to, value, method, params, exitCode: code, return: nothing, subcalls: [] },
    included: false,
  }
}
