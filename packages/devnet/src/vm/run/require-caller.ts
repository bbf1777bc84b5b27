import { idAddress } from '@sealane/actors'
import { abort } from './actor-abort.js'
import { exitCode } from './exit-code.js'
import type { Runtime } from './runtime.js'

/** Aborts (18) unless the caller is one of these actors. */
export function requireCaller(runtime: Runtime, allowed: readonly number[]): void {
  if (allowed.includes(runtime.caller)) return
  abort(exitCode.forbidden, `caller ${idAddress(runtime.caller)} is not one of supported`)
}
