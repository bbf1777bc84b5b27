import { address } from '../address.js'
import type { Decoded } from '../cbor/codec.js'
import { bytes } from '../cbor/scalars.js'
import { tuple } from '../cbor/structures.js'
import { cid } from '../cid.js'

/** Method 2: creates an actor of a code. */
export const execParams = tuple({ codeCid: cid, constructorParams: bytes })
export type ExecParams = Decoded<typeof execParams>

/** The new actor's addresses. */
export const execReturn = tuple({ idAddress: address, robustAddress: address })
export type ExecReturn = Decoded<typeof execReturn>
