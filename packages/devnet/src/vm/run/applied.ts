import type { Address } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import type { GasOutputs } from '../gas/gas-outputs.js'
import type { ChainState } from '../state/chain-state.js'

export interface Receipt {
  exitCode: number
  return: Uint8Array
  gasUsed: number
  /** Events are not recorded by this chain. */
  eventsRoot: null
}

/** One call and the calls it made. Reads between built-in actors are not listed; sends and notifications are. */
export interface Trace {
  from: Address
  to: Address
  value: AttoFil
  method: number
  params: Uint8Array
  exitCode: number
  return: Uint8Array
  subcalls: Trace[]
}

/** What came of a message. */
export interface Applied {
  state: ChainState
  receipt: Receipt
  gasCost: GasOutputs
  /** '' when the exit code is 0, else the text lotus prints. */
  error: string
  trace: Trace
  /**
   * False when the message may not be in a block at all (wrong nonce, unknown sender, too little for its gas):
   * nothing was charged, no nonce used, the state is the one given.
   */
  included: boolean
}
