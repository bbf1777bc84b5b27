import type { Address } from '@sealane/actors'
import type { ChainPort, MarketBalance } from '@sealane/chain'
import { attoFil } from '@sealane/fil-units'

/** Market escrow of an address; nothing for one that is not on chain yet. */
export async function escrowOf(chain: ChainPort, address: Address): Promise<MarketBalance> {
  if ((await chain.lookupId(address)) === undefined) return { escrow: attoFil(0n), locked: attoFil(0n) }
  return await chain.marketBalance(address)
}
