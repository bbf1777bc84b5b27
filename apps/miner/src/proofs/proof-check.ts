import { Injectable } from '@nestjs/common'
import { createVerifier, devnetKeySet, type KeySet, type Verifier } from '@sealane/proofs'
import { MinerError } from '../miner-error.js'
import { Network } from '../network/network.js'

/** The verifier of the network's own proof parameters. No proof leaves this app that it has not accepted. */
@Injectable()
export class ProofCheck {
  #verifier: Promise<Verifier> | undefined

  constructor(private readonly network: Network) {}

  /** The key set the network commits to. Throws MinerError WRONG_NETWORK (`halt`) when ours is another. */
  keySet(): KeySet {
    const { name, devnet } = this.network.require()
    const keySet = devnetKeySet()
    if (!devnet) {
      throw new MinerError(
        { code: 'WRONG_NETWORK', network: name, wanted: 'sealane-devnet-…' },
        `this release has no proof parameters for the network ${name}: it proves on its own devnet only`,
      )
    }
    const wanted = `sealane-devnet-${keySet.digest.slice(0, 16)}`
    if (name !== wanted) {
      throw new MinerError(
        { code: 'WRONG_NETWORK', network: name, wanted },
        `the network ${name} commits to other proof parameters than ours (${wanted}): use the devnet of this release`,
      )
    }
    return keySet
  }

  async verifier(): Promise<Verifier> {
    const keySet = this.keySet()
    this.#verifier ??= createVerifier({ keySet }).catch((error: unknown) => {
      this.#verifier = undefined
      throw error
    })
    return await this.#verifier
  }

  /** Proofs made with the devnet's public trapdoor are worth nothing anywhere else. Throws MinerError PROVER_REFUSED. */
  allowProver(prover: string): void {
    const { name, devnet } = this.network.require()
    if (prover === 'real' || (prover === 'trapdoor' && devnet)) return
    throw new MinerError(
      { code: 'PROVER_REFUSED', prover, network: name },
      `proofs of the ${prover || 'unnamed'} prover are refused on ${name}`,
    )
  }
}
