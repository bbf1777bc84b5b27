import { createRequire } from 'node:module'
import { installKernels } from '../kernels.js'
import { builtAddon } from './built-addon.js'
import { trustedAddon } from './native-addon.js'

/** What now computes: the addon of a file, or plain JavaScript and why. */
export type NativeCrypto = { native: true; file: string } | { native: false; reason: string }

/**
 * Loads the addon and lets this process compute with it: `$SEALANE_CRYPTO_ADDON`, else what
 * `packages/crypto/scripts/build-addon.mjs` built from these sources. Never throws: where there is none, or it does
 * not load, plain JavaScript goes on. Call it once at an app's start; results are the same either way.
 */
export function useNativeCrypto(): NativeCrypto {
  const file = process.env.SEALANE_CRYPTO_ADDON || builtAddon()?.file
  if (file === undefined) return { native: false, reason: 'not built for these sources and this CPU' }
  let module: unknown
  try {
    module = createRequire(import.meta.url)(file)
  } catch (cause) {
    return {
      native: false,
      reason: `${file} does not load: ${cause instanceof Error ? cause.message : cause}`,
    }
  }
  const addon = trustedAddon(module)
  if (addon === undefined) return { native: false, reason: `${file} is not this package's addon` }
  installKernels(addon)
  return { native: true, file }
}
