import { abort } from './actor-abort.js'
import { exitCode } from './exit-code.js'

/** Reads parameters; what cannot be read aborts with exit code 21, as the chain does. */
export function decodeParams<T>(codec: { decode(bytes: Uint8Array): T }, params: Uint8Array): T {
  try {
    return codec.decode(params)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return abort(exitCode.serialization, `Serialization error for Cbor protocol: ${reason}`)
  }
}
