import type { Address } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import type { Verifier } from '@sealane/proofs'
import { produce } from 'immer'
import type { ChainState } from '../state/chain-state.js'
import type { ChainTables } from '../state/chain-tables.js'

/** What the chain around a message is: given by whoever produces the block. */
export interface BlockContext {
  epoch: number
  /** attoFIL per unit of gas. */
  baseFee: AttoFil
  /** The raw ticket (VRF proof bytes) of the tipset at or before an epoch; an epoch below 0 gives the genesis ticket. */
  ticket(epoch: number): Uint8Array
  /** The raw data of the latest beacon entry at or before an epoch. */
  beacon(epoch: number): Uint8Array
  verifier: Verifier
}

interface Frame {
  address: string
  method: number
  message: string
  exitCode: number
}

/** One message being executed: the state so far, and what every call inside it shares. */
export class Machine {
  /** Failed calls, innermost first, as lotus' backtrace collects them. */
  readonly frames: Frame[] = []
  /** What failed below any actor (a transfer without funds). */
  cause: string | undefined
  actorsCreated = 0

  constructor(
    public state: ChainState,
    readonly context: BlockContext,
    /** The key address the message came from, and its nonce: they seed the addresses of new actors. */
    readonly origin: { address: Address; nonce: number },
  ) {}

  /** Applies one change to the state. What `recipe` throws leaves the state as it was. */
  update<T>(recipe: (draft: ChainTables) => T): T {
    let result: { value: T } | undefined
    this.state = produce(this.state, (draft) => {
      // Drafts are writable at any depth; immer's own mapped type would take byte arrays apart.
      result = { value: recipe(draft as unknown as ChainTables) }
    })
    if (result === undefined) throw new Error('the change was not applied')
    return result.value
  }

  /** The error text of the message, as lotus prints it. */
  errorText(code: number): string {
    const cause = this.cause === undefined ? '' : `--> caused by: ${this.cause}\n`
    const frames = [...this.frames]
      .reverse()
      .map((frame, index) => {
        const number = String(index).padStart(2, '0')
        return `${number}: ${frame.address} (method ${frame.method}) -- ${frame.message} (${frame.exitCode})\n`
      })
      .join('')
    return `message failed with backtrace:\n${cause}${frames} (RetCode=${code})`
  }
}
