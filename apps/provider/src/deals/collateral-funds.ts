import { type AttoFil, addFil, attoFil } from '@sealane/fil-units'
import type { Known } from '@sealane/market'
import type { ChainView } from '../chain/chain-view.js'
import type { Ledger } from './ledger.js'
import type { MinerAddress } from './miner-address.js'

/** Whether the miner's market escrow bears one more deal. */
export class CollateralFunds {
  readonly #allowance: AttoFil

  /** @param allowanceAttoFil what home may still add to escrow for deals not yet published */
  constructor(
    private readonly chain: ChainView,
    private readonly miner: MinerAddress,
    private readonly ledger: Ledger,
    allowanceAttoFil: string,
  ) {
    this.#allowance = attoFil(BigInt(allowanceAttoFil))
  }

  /** All that accepted deals may hold together: what the chain has free for us, and home's top-up. */
  async limit(): Promise<Known<AttoFil>> {
    const available = await this.chain.marketAvailable(this.miner.require())
    return available === 'unavailable' ? available : addFil(available, this.#allowance)
  }

  /** Whether escrow, beside what other accepted deals will lock, bears this deal. */
  async bears(collateral: AttoFil): Promise<Known<'enough' | 'short'>> {
    const limit = await this.limit()
    if (limit === 'unavailable') return limit
    const { collateral: held } = await this.ledger.held()
    return addFil(held, collateral) <= limit ? 'enough' : 'short'
  }
}
