import type { ChainTables } from '../state/chain-tables.js'
import { rows } from '../state/rows.js'
import { burnFromMarket, timeOutDeal } from './end-deal.js'

/**
 * Looks once at each published deal, at an epoch up to 30 days after its start: activated deals may be published
 * again from then on, others have timed out. Source: builtin-actors market cron_tick.
 */
export function marketCron(draft: ChainTables, epoch: number): void {
  const { market } = draft
  let slashed = 0n
  for (const [due, ids] of rows(market.dealOps)) {
    if (due > epoch) break
    delete market.dealOps[due]
    for (const id of ids) {
      const deal = market.deals[id]
      if (deal === undefined) continue
      if (deal.state === undefined) slashed += timeOutDeal(market, id, deal)
      else if (deal.state.lastUpdatedEpoch === -1) delete market.pendingProposals[deal.proposalCid]
    }
  }
  burnFromMarket(draft, slashed)
}
