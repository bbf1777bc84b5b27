import { quantizeUp } from '../miner/deadline-info.js'
import { policy } from '../policy.js'

/** When cron looks at a deal: the first epoch from `earliest` on that is the deal's id modulo 30 days. */
export function nextUpdateEpoch(dealId: number, earliest: number): number {
  return quantizeUp(earliest, policy.dealUpdatesInterval, dealId % policy.dealUpdatesInterval)
}
