import { HostError, halt } from '@sealane/host'
import { createVerifier, devnetKeySet, openKeySet, type Verifier } from '@sealane/proofs'
import type { HomeFacts } from '../events/home-facts.js'

/** Verifying keys are loaded when the first proof comes; they must be the network's, or this machine stops (`halt`). */
export function networkVerifier(facts: HomeFacts, paramsDir: string | undefined): () => Promise<Verifier> {
  let loading: Promise<Verifier> | undefined
  return () => {
    const keySet = paramsDir === undefined ? devnetKeySet() : openKeySet(paramsDir)
    const wanted = facts.miner?.keySetDigest
    if (wanted !== undefined && wanted !== keySet.digest) {
      const error = new HostError(
        {
          code: 'CONFIG',
          where: 'proof keys',
          reason: `network commits to ${wanted}, these are ${keySet.digest}`,
        },
        `proof keys ${keySet.digest.slice(0, 16)} are not the network’s (${wanted.slice(0, 16)}): install the same version everywhere`,
      )
      halt(error)
      return Promise.reject(error)
    }
    loading ??= createVerifier({ keySet })
    return loading
  }
}
