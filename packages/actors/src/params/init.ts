import { address } from '../address.js'
import { bytes } from '../cbor/scalars.js'
import { tuple } from '../cbor/structures.js'
import { cid } from '../cid.js'

/** Method 2: creates an actor of a code. */
export const execParams = tuple({ codeCid: cid, constructorParams: bytes })

/** Method 3: creates an actor with a delegated address; sent by the Ethereum address manager. */
export const exec4Params = tuple({ codeCid: cid, constructorParams: bytes, subAddress: bytes })

/** The new actor's addresses. */
export const execReturn = tuple({ idAddress: address, robustAddress: address })
