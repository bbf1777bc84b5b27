import type { Connection } from '@libp2p/interface'
import type { Address } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { dialProvider } from './dial-provider.js'

/** The way to a miner's provider: one connection, dialled anew when it has broken. Close `stop` when done. */
export class ProviderLine {
  #dialled: Awaited<ReturnType<typeof dialProvider>> | undefined

  constructor(
    readonly chain: ChainPort,
    readonly miner: Address,
    readonly signal: AbortSignal,
  ) {}

  /** Throws CliError UNREACHABLE, or CHAIN when the chain does not say where the provider is. */
  async connection(): Promise<Connection> {
    if (this.#dialled !== undefined && this.#dialled.connection.status !== 'open') await this.stop()
    this.#dialled ??= await dialProvider(this.chain, this.miner, this.signal)
    return this.#dialled.connection
  }

  async stop(): Promise<void> {
    const dialled = this.#dialled
    this.#dialled = undefined
    await dialled?.stop()
  }
}
