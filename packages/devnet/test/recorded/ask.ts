import type { Json } from '@sealane/chain'

// What the recordings are asked again about. Only types are imported here and in the tables: scripts/generate.mjs reads
// them as they are.

/** A devnet that has lived a little, and what of it the recordings ask about. */
export interface World {
  readonly miner: string
  readonly owner: string
  readonly worker: string
  readonly workerId: string
  readonly client: string
  readonly deal: number
  readonly unactivated: number
  /** A block that carried a message, and its child. */
  readonly full: Json
  readonly fullChild: Json
  readonly genesis: Json
  readonly empty: Json
  readonly emptyChild: Json
  readonly head: Json
  readonly height: number
  /** A height at which there is no block. */
  readonly nullHeight: number
  /** A message signed with secp256k1, and one with BLS, that landed, and the block that carried both kinds. */
  readonly landed: Json
  readonly landedBls: Json
  readonly readToken: string
  readonly unknownToken: string
  /** Where the miner's sector lies. */
  readonly deadline: number
  /** Tipsets at which something was so. */
  readonly at: {
    readonly pendingWorker: Json
    readonly workerConfirmed: Json
    readonly pendingBeneficiary: Json
    readonly beneficiaryTerm: Json
    readonly faulty: Json
    readonly recovering: Json
  }
  /** A message of the client, signed, with its next nonce, changed as told. */
  signed(change?: { [key: string]: Json }, nonceOffset?: number): Promise<Json>
  send(change?: { [key: string]: Json }): Json
  /** The client's signature of some bytes, base64. */
  signature(address: string, bytes: string): Promise<Json>
}

/** Parameters that ask of our chain what the recording asked of its own. */
export type Ask = (world: World) => Json[] | Promise<Json[]>

/** Of nothing on chain. */
export const strangerKey = 't1x3kuvqejuyqrubu3bkt4ce4njp47zsmxj7dp2gq'
export const strangerCid = 'bafy2bzacebdvnnchlbr4odjqqn3qwplu43vdlmrm6vlyl5l4ledcfz4lqwo6o'
/** The bytes of "hello filecoin". */
export const hello = 'aGVsbG8gZmlsZWNvaW4='

export const link = (cid: string): Json => ({ '/': cid })
