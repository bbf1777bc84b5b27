import { address } from '../address.js'
import type { Decoded } from '../cbor/codec.js'
import { bytes } from '../cbor/scalars.js'
import { tuple } from '../cbor/structures.js'
import { cid } from '../cid.js'

/** Method 2: creates an actor of a code. */
export const execParams = tuple({ codeCid: cid, constructorParams: bytes })
export type ExecParams = Decoded<typeof execParams>

/** Method 3: creates an actor with a delegated address; sent by the Ethereum address manager. */
export const exec4Params = tuple({ codeCid: cid, constructorParams: bytes, subAddress: bytes })
export type Exec4Params = Decoded<typeof exec4Params>

/** The new actor's addresses. */
export const execReturn = tuple({ idAddress: address, robustAddress: address })
export type ExecReturn = Decoded<typeof execReturn>
