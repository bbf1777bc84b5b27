import { address, bool, bytes, signerOf, tuple } from '@sealane/actors'
import { verify } from '@sealane/crypto'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import type { ActorMethod, Runtime } from '../run/runtime.js'

/** From here on method numbers are hashes of names (FRC-42). Source: builtin-actors runtime FIRST_EXPORTED_METHOD_NUMBER. */
const firstExportedMethod = 1 << 24

/** FRC-42 number of AuthenticateMessage. */
export const authenticateMessageMethod = 2643134072

export const authenticateMessageParams = tuple({ signature: bytes, message: bytes })

export const accountMethods: { readonly [method: number]: ActorMethod | undefined } = {
  2: (runtime) => address.encode(keyOf(runtime)),
  [authenticateMessageMethod]: authenticateMessage,
}

/** Methods an account does not know: below the exported range they fail, above it they are accepted and do nothing. */
export function accountFallback(method: number): ActorMethod | undefined {
  return method >= firstExportedMethod ? () => new Uint8Array() : undefined
}

function authenticateMessage(runtime: Runtime, params: Uint8Array): Uint8Array {
  const { signature, message } = decodeParams(authenticateMessageParams, params)
  const signer = signerOf(keyOf(runtime))
  const type = signer.protocol === 1 ? 1 : 2
  if (!verify({ type, data: signature }, signer, message)) {
    abort(exitCode.illegalArgument, 'failed to authenticate message, signature invalid: invalid signature')
  }
  return bool.encode(true)
}

function keyOf(runtime: Runtime) {
  const key = runtime.state.actors[runtime.receiver]?.address
  return key ?? abort(exitCode.illegalState, `actor ${runtime.receiver} has no key address`)
}
