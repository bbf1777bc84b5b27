import type { Address } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import type { ChainState } from '../state/chain-state.js'
import type { ChainTables } from '../state/chain-tables.js'
import type { BlockContext } from './machine.js'

/** A call as the called actor sees it. Actor ids are numbers. */
export interface Runtime {
  readonly caller: number
  readonly receiver: number
  /** Already on the receiver's balance. */
  readonly value: AttoFil
  readonly epoch: number
  readonly context: BlockContext
  /** The state as of now; read it again after `update` or `send`. */
  readonly state: ChainState
  /** Changes the state; what `recipe` throws undoes this change only. */
  update<T>(recipe: (draft: ChainTables) => T): T
  /** Calls another actor. A failed call leaves no trace in the state; it does not throw. */
  send(to: Address, method: number, params: Uint8Array, value: AttoFil): Promise<SendResult>
  /** A fresh robust (f2) address for an actor created by this message. */
  newActorAddress(): Address
}

export interface SendResult {
  exitCode: number
  return: Uint8Array
}

/** A method of an actor: parameters in, return bytes out (both CBOR, empty when there are none). Throws ActorAbort. */
export type ActorMethod = (runtime: Runtime, params: Uint8Array) => Promise<Uint8Array> | Uint8Array
