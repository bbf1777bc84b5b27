import type { ChainTables } from '../state/chain-tables.js'
import { burnFromMarket, terminateDeal } from './end-deal.js'

/** Ends the deals of terminated sectors that are not over yet. Source: builtin-actors market on_miner_sectors_terminate. */
export function terminateDeals(
  draft: ChainTables,
  provider: number,
  epoch: number,
  sectors: readonly number[],
): void {
  const { market } = draft
  let slashed = 0n
  for (const sector of sectors) {
    for (const id of market.sectorDeals[provider]?.[sector] ?? []) {
      const deal = market.deals[id]
      if (deal === undefined || deal.proposal.endEpoch <= epoch) continue
      slashed += terminateDeal(market, id, deal, epoch)
    }
    delete market.sectorDeals[provider]?.[sector]
  }
  burnFromMarket(draft, slashed)
}
