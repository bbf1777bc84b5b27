import { getDealActivationReturn, uint } from '@sealane/actors'
import { epoch } from '@sealane/fil-units'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import type { Runtime } from '../run/runtime.js'

/** Exported GetDealActivation: when a deal was activated, −1 when it is not yet. */
export function getDealActivation({ state }: Runtime, bytes: Uint8Array): Uint8Array {
  const id = decodeParams(uint, bytes)
  const deal = state.market.deals[id]
  if (deal === undefined) {
    const past = id < state.market.nextDealId
    return abort(
      past ? exitCode.dealExpired : exitCode.notFound,
      past ? `deal ${id} expired` : `no such deal ${id}`,
    )
  }
  const activated = epoch(deal.state?.sectorStartEpoch ?? -1)
  return getDealActivationReturn.encode({ activated, terminated: epoch(deal.state?.slashEpoch ?? -1) })
}
