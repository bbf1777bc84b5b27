import { createRequire } from 'node:module'
import { builtAddon } from '../scripts/built-addon.mjs'
import { ProofError } from './proof-error.js'

/** The native functions. Requests, answers and claims are JSON; errors read `CODE: message`. */
export interface Addon {
  /** Kills this process when its parent dies. False: the parent was already gone. */
  dieWithParent(expectedParent: number): boolean
  /** Blocks until the task is done. Progress lines go to the descriptor. */
  runTask(request: string, progressDescriptor: number): string
  verifySeal(claim: string, proof: Uint8Array): Promise<boolean>
  verifyAggregateSeals(claims: string, proof: Uint8Array): Promise<boolean>
  verifyUpdate(claim: string, proof: Uint8Array): Promise<boolean>
  verifyWindowPost(claim: string, proof: Uint8Array): Promise<boolean>
}

/**
 * The built addon: `$SEALANE_PROOFS_ADDON`, else what `scripts/build-addon.mjs` made from these sources.
 *
 * @throws ProofError ADDON_MISSING, naming the command that builds it
 */
export function addonPath(): string {
  const path = process.env.SEALANE_PROOFS_ADDON || builtAddon()?.file
  if (path) return path
  throw new ProofError(
    'ADDON_MISSING',
    'the proofs addon is not built for these sources and this CPU; run: node packages/proofs/scripts/build-addon.mjs',
  )
}

/** Loads the addon into this process. */
export function loadAddon(path: string): Addon {
  try {
    return createRequire(import.meta.url)(path) as Addon
  } catch (cause) {
    throw new ProofError('ADDON_MISSING', `the proofs addon does not load: ${path}`, { cause })
  }
}
