import { bytes } from '../cbor/scalars.js'
import { tuple } from '../cbor/structures.js'

/** Exported AuthenticateMessage: is this signature (type byte first) over these bytes the account's own? Returns a bare boolean. */
export const authenticateMessageParams = tuple({ signature: bytes, message: bytes })
