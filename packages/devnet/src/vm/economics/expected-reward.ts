import { type AttoFil, attoFil } from '@sealane/fil-units'
import type { EconomicsSnapshot } from '../state/economics-snapshot.js'
import { most } from './extremes.js'
import { estimateOf, precision, sumOfRatio } from './smoothing.js'

type Estimates = Pick<EconomicsSnapshot, 'rewardSmoothed' | 'qaPowerSmoothed'>

/** The block reward that some power may expect over the coming epochs: BR(t). Source: builtin-actors miner monies.rs. */
export function expectedReward(economics: Estimates, qaPower: bigint, epochs: number): AttoFil {
  const { rewardSmoothed, qaPowerSmoothed } = economics
  if (estimateOf(qaPowerSmoothed) === 0n) return attoFil(estimateOf(rewardSmoothed))
  const reward = (qaPower * sumOfRatio(epochs, rewardSmoothed, qaPowerSmoothed)) >> precision
  return attoFil(most(reward, 0n))
}

/** The same, but at least 1 attoFIL: deposits and pledges must not be nothing. */
export function expectedRewardAtLeastOne(economics: Estimates, qaPower: bigint, epochs: number): AttoFil {
  const reward = expectedReward(economics, qaPower, epochs)
  return most(reward, attoFil(1n))
}
