import type { NetworkPolicy } from '@sealane/actors'
import { type ChainEpoch, epoch } from '@sealane/fil-units'
import { MinerError } from '../miner-error.js'

/**
 * The epoch at which a sector shall expire: no earlier than its last deal's end, nor than the actor's minimum counted from
 * the latest epoch at which this ticket may still land (ticket + lookback + prove-commit duration + 180 days), so that it holds
 * whenever the message lands. A sector without deals lives for `ccLifetimeEpochs` from now if that is longer.
 * Source: builtin-actors miner/src/lib.rs:4388 (validate_expiration); lotus storage/pipeline/states_sealing.go:406.
 * Throws MinerError DEAL_OUTLIVES_SECTOR when a deal ends later than a sector may.
 */
export function sectorExpiration(
  policy: NetworkPolicy,
  o: {
    sector: number
    ticketEpoch: number
    headEpoch: number
    dealEnds: readonly number[]
    ccLifetimeEpochs: number
  },
): ChainEpoch {
  const least =
    o.ticketEpoch +
    policy.maxPreCommitRandomnessLookback +
    policy.maxProveCommitDuration +
    policy.minSectorExpiration
  const most = o.headEpoch + policy.maxSectorExpirationExtension
  const wish = o.dealEnds.length > 0 ? Math.max(...o.dealEnds) : o.headEpoch + o.ccLifetimeEpochs
  const wanted = Math.max(least, o.dealEnds.length > 0 ? wish : Math.min(wish, most))
  if (wanted > most) {
    throw new MinerError(
      { code: 'DEAL_OUTLIVES_SECTOR', sector: o.sector, wanted, most },
      `sector ${o.sector} would have to live until epoch ${wanted}, the network allows ${most} today`,
    )
  }
  return epoch(wanted)
}
