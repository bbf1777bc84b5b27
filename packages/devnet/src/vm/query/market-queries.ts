import { type Address, type DealProposal, withLotusMargin } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import { lookupActor } from '../account/lookup-actor.js'
import { providerCollateralBounds } from '../economics/network-economics.js'
import { amountOf } from '../market/escrow.js'
import type { ChainState } from '../state/chain-state.js'
import type { DealState, StoredDeal } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'
import { rows } from '../state/rows.js'

/** Escrow and what of it is locked; undefined when there is no such actor. */
export function marketBalance(
  state: ChainState,
  address: Address,
): { escrow: AttoFil; locked: AttoFil } | undefined {
  const id = lookupActor(state, address)
  if (id === undefined) return undefined
  return { escrow: amountOf(state.market.escrow, id), locked: amountOf(state.market.locked, id) }
}

export interface DealView {
  proposal: DeepReadonly<DealProposal>
  /** Start −1 and sector 0 while the deal is not active. */
  state: DealState
}

export function marketDeal(state: ChainState, id: number): DealView | undefined {
  const deal = state.market.deals[id]
  return deal === undefined ? undefined : dealView(deal)
}

export function marketDeals(state: ChainState): [number, DealView][] {
  return rows(state.market.deals).map(([id, deal]) => [id, dealView(deal)])
}

function dealView({ proposal, state }: DeepReadonly<StoredDeal>): DealView {
  const inactive = { sectorNumber: 0, sectorStartEpoch: -1, lastUpdatedEpoch: -1, slashEpoch: -1 }
  return { proposal, state: state ?? inactive }
}

/** Collateral the provider of a deal of this padded size may lock, as the API answers: the least with 10 % on top. */
export function collateralBounds(state: ChainState, paddedSize: bigint): { min: AttoFil; max: AttoFil } {
  const { economics } = state.genesis
  const { min, max } = providerCollateralBounds(economics, paddedSize, state.power.thisEpoch.raw)
  return { min: withLotusMargin(min), max }
}
