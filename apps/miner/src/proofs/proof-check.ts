import { Injectable } from '@nestjs/common'
import { createVerifier, type KeySet, keySetFor, type Verifier } from '@sealane/proofs'
import { MinerError } from '../miner-error.js'
import { Network } from '../network/network.js'

export class ProofOptions {
  /** Where the network's proof parameters lie (`proofs.params_dir`). */
  paramsDir: string | undefined = undefined
}

/** The verifier of the network's own proof parameters. No proof leaves this app that it has not accepted. */
@Injectable()
export class ProofCheck {
  #keySet: KeySet | undefined
  #verifier: Promise<Verifier> | undefined

  constructor(
    private readonly network: Network,
    private readonly options: ProofOptions,
  ) {}

  /** The key set the network takes. Throws ProofError (`halt`) when what lies in its directory is another, or the devnet's elsewhere. */
  keySet(): KeySet {
    const { name, policy } = this.network.require()
    this.#keySet ??= keySetFor({ name, policy: policy.name }, this.options.paramsDir)
    return this.#keySet
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
