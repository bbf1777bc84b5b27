import { bitfield, settleDealPaymentsReturn } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { BatchOutcome } from '../run/batch-outcome.js'
import { bitFieldNumbers } from '../run/bitfield-numbers.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import type { Runtime } from '../run/runtime.js'
import type { ChainTables } from '../state/chain-tables.js'
import { burnFromMarket, type Settlement, settleDeal, timeOutDeal } from './end-deal.js'

/** More than a message could pay the gas for. */
const maxDeals = 10_000

/** Pays what active deals have earned since they were last settled; deals never activated are timed out. */
export function settleDealPayments(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const ids = bitFieldNumbers(decodeParams(bitfield, bytes), maxDeals)
  const outcome = new BatchOutcome(ids)
  const settlements: Settlement[] = []
  runtime.update((draft) => {
    let slashed = 0n
    for (const [position, id] of ids.entries()) {
      const result = settle(draft, id, runtime.epoch)
      if (typeof result === 'bigint') {
        slashed += result
        outcome.fail(position, exitCode.dealExpired)
      } else {
        settlements.push(result)
      }
    }
    burnFromMarket(draft, slashed)
  })
  return settleDealPaymentsReturn.encode({ results: outcome.toReturn(), settlements })
}

/** A settlement, or the collateral lost with a deal that is no more. */
function settle({ market }: ChainTables, id: number, epoch: number): Settlement | bigint {
  const deal = market.deals[id]
  if (deal === undefined) return 0n
  if (deal.state !== undefined) return settleDeal(market, id, deal, epoch)
  if (epoch < deal.proposal.startEpoch) return { payment: attoFil(0n), completed: false }
  return timeOutDeal(market, id, deal)
}
