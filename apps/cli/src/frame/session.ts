import type { ChainPort } from '@sealane/chain'
import type { MinerClient, ProviderClient, SealerClient } from '../connect/operators.js'
import type { Terminal } from './terminal.js'

/** One run of one command: its terminal, and connections made when first asked for. */
export class Session {
  /** What the process exits with when nothing is thrown. */
  exitCode = 0
  #chain: Promise<ChainPort> | undefined
  #prefix: Promise<'f' | 't'> | undefined

  constructor(readonly terminal: Terminal) {}

  async provider(): Promise<ProviderClient> {
    return (await import('../connect/operators.js')).operatorOf('provider', this.terminal.env)
  }

  async sealer(): Promise<SealerClient> {
    return (await import('../connect/operators.js')).operatorOf('sealer', this.terminal.env)
  }

  async miner(): Promise<MinerClient> {
    return (await import('../connect/operators.js')).operatorOf('miner', this.terminal.env)
  }

  /** FULLNODE_API_INFO form. Throws CliError NOT_RUNNING when no node is known. */
  async nodes(): Promise<string> {
    return (await import('../connect/chain-nodes.js')).chainNodes(this.terminal.env)
  }

  /** The chain. Throws CliError NOT_RUNNING when no node is known. */
  chain(): Promise<ChainPort> {
    this.#chain ??= (async () => {
      const { createChainClient } = await import('@sealane/chain')
      return createChainClient({ nodes: await this.nodes() })
    })()
    return this.#chain
  }

  /** How this network prints addresses: `f` on mainnet, `t` elsewhere. */
  prefix(): Promise<'f' | 't'> {
    this.#prefix ??= (async () => {
      const name = await (await this.chain()).networkName()
      return name === 'mainnet' || name === 'testnetnet' ? 'f' : 't'
    })()
    return this.#prefix
  }

  /**
   * How this network prints the addresses that our apps tell: theirs are all `f…`. Without a chain node, as they are.
   */
  async shown(): Promise<(address: string) => string> {
    const prefix = await this.prefix().catch(() => 'f')
    return (address) => (prefix === 't' && /^f[0-4]/.test(address) ? `t${address.slice(1)}` : address)
  }

  /** A line for the person who waits; never part of the answer. */
  note(text: string): void {
    this.terminal.err(`${text}\n`)
  }

  async close(): Promise<void> {
    const chain = await this.#chain?.catch(() => undefined)
    await chain?.close()
  }
}
