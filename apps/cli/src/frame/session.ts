import type { ChainPort } from '@sealane/chain'
import type { MinerClient, ProviderClient, SealerClient } from '../connect/operators.js'
import type { Terminal } from './terminal.js'

/** How long the chain is waited for to tell its spelling of addresses: the answer itself is there already. Unit: ms. */
const spellingPatienceMs = 1_500

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
      const { addressPrefixOn } = await import('@sealane/actors')
      return addressPrefixOn(await (await this.chain()).networkName())
    })()
    return this.#prefix
  }

  /**
   * How this network prints the addresses in what our apps tell: theirs are all `f…`. Without a chain node, or with one that does not
   * answer at once, as they are.
   */
  async shown(): Promise<(text: string) => string> {
    const [{ spelling }, { setTimeout: pause }] = await Promise.all([
      import('../show/network-address.js'),
      import('node:timers/promises'),
    ])
    const answered = new AbortController()
    const late = pause(spellingPatienceMs, 'f' as const, { signal: answered.signal }).catch(
      () => 'f' as const,
    )
    const prefix = await Promise.race([this.prefix().catch(() => 'f' as const), late])
    answered.abort()
    return spelling(prefix)
  }

  /** A text with its addresses as this network prints them; asks the chain only when there is one. */
  async spelled(text: string): Promise<string> {
    const { namesAddress } = await import('../show/network-address.js')
    return namesAddress(text) ? (await this.shown())(text) : text
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
