import { Injectable } from '@nestjs/common'
import { type NetworkPolicy, networkNamed, policyFor } from '@sealane/actors'
import { ChainPort } from '@sealane/chain'
import { isDevnet } from '@sealane/proofs'
import { writing } from '@sealane/sql'
import { MinerDb } from '../database.js'
import { MinerError } from '../miner-error.js'
import { Settings } from './settings.js'

export interface KnownNetwork {
  readonly name: string
  readonly policy: NetworkPolicy
  /** True on an embedded devnet: the only place where its public keys and the trapdoor prover are allowed. */
  readonly devnet: boolean
  readonly blockDelaySeconds: number
}

/** Which network the node serves, and its rules. A database belongs to one chain for ever: another one halts the app. */
@Injectable()
export class Network {
  #known: KnownNetwork | undefined

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly settings: Settings,
  ) {}

  get known(): KnownNetwork | undefined {
    return this.#known
  }

  /** The network's facts. Throws MinerError NETWORK_UNKNOWN (`retry`) before the node was first heard. */
  require(): KnownNetwork {
    if (this.#known === undefined)
      throw new MinerError({ code: 'NETWORK_UNKNOWN' }, 'the chain node has not answered yet')
    return this.#known
  }

  /** Asks the node once. Throws MinerError WRONG_NETWORK (`halt`) when the database was made on another chain. */
  async ensure(): Promise<KnownNetwork> {
    if (this.#known !== undefined) return this.#known
    const [name, genesis, version, params, node] = await Promise.all([
      this.chain.networkName(),
      this.chain.genesis(),
      this.chain.networkVersion(),
      this.chain.networkParams(),
      this.chain.version(),
    ])
    const genesisKey = genesis.key.join(',')
    await this.#remember('network', name)
    await this.#remember('genesis', genesisKey)
    this.#known = {
      name,
      policy: policyFor(networkNamed(name, node.version), version),
      devnet: isDevnet(name),
      blockDelaySeconds: params.blockDelaySeconds,
    }
    return this.#known
  }

  /** Epochs on top of a receipt before it is believed, by class confidence. */
  confidence(): Record<'landing' | 'publish', number> {
    const { policy } = this.require()
    return { landing: policy.landingConfidence, publish: policy.publishConfidence }
  }

  async #remember(name: 'network' | 'genesis', value: string): Promise<void> {
    const known = await this.settings.get(name)
    if (known === value) return
    if (known !== undefined) {
      throw new MinerError(
        { code: 'WRONG_NETWORK', network: value, wanted: known },
        `this database belongs to ${name} ${known}, the chain node serves ${value}: point chain.nodes at the right node or give a new paths.state_dir`,
      )
    }
    await writing(this.db, (trx) => this.settings.set(trx, name, value))
  }
}
