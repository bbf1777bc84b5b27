import { type Address, idAddress } from '@sealane/actors'
import type { ChainState } from '../state/chain-state.js'
import { rows } from '../state/rows.js'

/** A published deal that is not in a proven sector yet. Epochs. */
export interface UnactivatedDeal {
  dealId: number
  provider: Address
  client: Address
  startEpoch: number
  endEpoch: number
}

/** Published deals, not active, whose start has not passed at `epoch`. */
export function unactivatedDeals(state: ChainState, epoch: number): UnactivatedDeal[] {
  return rows(state.market.deals)
    .filter(([, deal]) => deal.state === undefined && epoch <= deal.proposal.startEpoch)
    .map(([dealId, { proposal, provider, client }]) => ({
      dealId,
      provider: idAddress(provider),
      client: idAddress(client),
      startEpoch: proposal.startEpoch,
      endEpoch: proposal.endEpoch,
    }))
}
