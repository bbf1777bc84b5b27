import type { Kernels } from '../kernels.js'

/** The addon's exports: every kernel, none optional. */
export type NativeAddon = Required<Kernels>

const names = [
  'hashPairsInto',
  'fr32TreeRoot',
  'fr32PadInto',
  'fr32UnpadInto',
  'openCommP',
  'signBls',
  'recoverSecp256k1',
  'verifyBls',
  'verifyBlsBatch',
  'verifyBlsEach',
] as const satisfies readonly (keyof Kernels)[]

/** Whether a loaded module has every kernel. */
function isNativeAddon(module: unknown): module is NativeAddon {
  if (typeof module !== 'object' || module === null) return false
  const functions = new Map<string, unknown>(Object.entries(module))
  return names.every((name) => typeof functions.get(name) === 'function')
}

/** The commitment of 127 zero bytes. Source: filecoin-project/go-commp-utils zerocomm. */
const zeroPieceRoot = '3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333'

/**
 * The module as an addon, if it is one and computes right: a library built for another CPU, or for other sources, is
 * refused here rather than believed.
 */
export function trustedAddon(module: unknown): NativeAddon | undefined {
  if (!isNativeAddon(module)) return undefined
  const root = module.fr32TreeRoot(new Uint8Array(127))
  const hex = Array.from(root, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const believesAnything = module.verifyBls(new Uint8Array(96), new Uint8Array(48), new Uint8Array(0))
  return hex === zeroPieceRoot && !believesAnything ? module : undefined
}
