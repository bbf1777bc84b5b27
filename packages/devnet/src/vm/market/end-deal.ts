import { type AttoFil, attoFil } from '@sealane/fil-units'
import { burntFundsActor, marketActor } from '../run/builtin-ids.js'
import { moveValue } from '../run/move-value.js'
import type { ChainTables, MarketTables, StoredDeal } from '../state/chain-tables.js'
import { minus } from '../state/sector-set.js'
import { totalStorageFee } from './deal-money.js'
import { pay, slash, unlock } from './escrow.js'

/** Not activated in time: the provider's collateral is lost, the client gets everything back. Returns what to burn. */
export function timeOutDeal(market: MarketTables, id: number, deal: StoredDeal): AttoFil {
  const { proposal, client, provider } = deal
  unlock(market, client, totalStorageFee(proposal), 'clientStorageFee')
  unlock(market, client, proposal.clientCollateral, 'clientCollateral')
  slash(market, provider, proposal.providerCollateral, 'providerCollateral')
  delete market.deals[id]
  delete market.pendingProposals[deal.proposalCid]
  return proposal.providerCollateral
}

export interface Settlement {
  payment: AttoFil
  completed: boolean
}

/** Pays an active deal up to `epoch`, and ends it when its term is over. */
export function settleDeal(market: MarketTables, id: number, deal: StoredDeal, epoch: number): Settlement {
  const { proposal, client, provider, state } = deal
  if (state === undefined) throw new Error(`deal ${id} is not active`)
  delete market.pendingProposals[deal.proposalCid]
  // Settling before the start is allowed, pays nothing, and still counts as processed.
  const from = Math.max(state.lastUpdatedEpoch, proposal.startEpoch)
  const until = Math.min(proposal.endEpoch, epoch)
  const payment = attoFil(proposal.storagePricePerEpoch * BigInt(Math.max(0, until - from)))
  if (payment > 0n) pay(market, client, provider, payment)
  const completed = epoch >= proposal.endEpoch
  if (completed) {
    unlock(market, provider, proposal.providerCollateral, 'providerCollateral')
    unlock(market, client, proposal.clientCollateral, 'clientCollateral')
    removeDeal(market, id, deal)
  } else {
    state.lastUpdatedEpoch = epoch
  }
  return { payment, completed }
}

/** The sector of an active deal is gone: pays what is due, refunds the client, slashes the provider. Returns what to burn. */
export function terminateDeal(market: MarketTables, id: number, deal: StoredDeal, epoch: number): AttoFil {
  const { proposal, client, provider, state } = deal
  if (state === undefined) throw new Error(`deal ${id} is not active`)
  const from = Math.max(proposal.startEpoch, state.lastUpdatedEpoch)
  const until = Math.min(proposal.endEpoch, epoch)
  const payment = attoFil(proposal.storagePricePerEpoch * BigInt(Math.max(0, until - from)))
  if (payment > 0n) pay(market, client, provider, payment)

  const remaining = proposal.endEpoch - Math.max(epoch, proposal.startEpoch)
  unlock(market, client, attoFil(proposal.storagePricePerEpoch * BigInt(remaining)), 'clientStorageFee')
  unlock(market, client, proposal.clientCollateral, 'clientCollateral')
  slash(market, provider, proposal.providerCollateral, 'providerCollateral')
  delete market.pendingProposals[deal.proposalCid]
  removeDeal(market, id, deal)
  return proposal.providerCollateral
}

/** Burns slashed collateral. */
export function burnFromMarket(draft: ChainTables, amount: bigint): void {
  if (amount > 0n) moveValue(draft.actors, marketActor, burntFundsActor, attoFil(amount))
}

function removeDeal(market: MarketTables, id: number, { provider, state }: StoredDeal): void {
  delete market.deals[id]
  const bySector = market.sectorDeals[provider]
  if (bySector === undefined || state === undefined) return
  const left = minus(bySector[state.sectorNumber] ?? [], [id])
  if (left.length > 0) bySector[state.sectorNumber] = left
  else delete bySector[state.sectorNumber]
}
