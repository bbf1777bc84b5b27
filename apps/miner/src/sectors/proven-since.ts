import { type Address, base16, commitmentOf } from '@sealane/actors'
import type { ChainPort, TipSet } from '@sealane/chain'

/** The epoch since which the chain has this sector with this replica; undefined when it has none, or another. `commR`: lower-case hex. */
export async function provenSince(
  chain: ChainPort,
  miner: Address,
  o: { sector: number; commR: string },
  head: TipSet,
): Promise<number | undefined> {
  const proven = await chain.sectorInfo(miner, o.sector, head.key)
  if (proven === undefined) return undefined
  return base16.encode(commitmentOf(proven.sealedCid)) === o.commR ? proven.activation : undefined
}
