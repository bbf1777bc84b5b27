import { type AttoFil, attoFil } from '@sealane/fil-units'
import type { EconomicsSnapshot } from '../state/economics-snapshot.js'
import { expectedReward, expectedRewardAtLeastOne } from './expected-reward.js'
import { least, most } from './extremes.js'
import { qaPowerMax } from './qa-power.js'
import { estimateOf } from './smoothing.js'

// Source of the numbers below: builtin-actors miner monies.rs at actors v18.
const epochsInDay = 2880
const depositProjectionEpochs = 20 * epochsInDay
const pledgeProjectionEpochs = 20 * epochsInDay
/** 3.51 days. */
const continuedFaultEpochs = Math.floor((epochsInDay * 351) / 100)
/** 1 FIL per 32 GiB of quality-adjusted power, attoFIL per byte. */
const pledgeMaxPerByte = 10n ** 18n / (32n << 30n)
/** FIP-0081: in the end 30 % of the additional pledge does not look at the baseline. */
const simplePledgePermille = 300

/** What precommitting one sector locks: 20 days of reward at the best quality. */
export function preCommitDeposit(economics: EconomicsSnapshot, sectorSize: bigint): AttoFil {
  return expectedRewardAtLeastOne(economics, qaPowerMax(sectorSize), depositProjectionEpochs)
}

/** What proving a sector of this power locks. */
export function initialPledge(economics: EconomicsSnapshot, qaPower: bigint, epoch: number): AttoFil {
  const base = expectedRewardAtLeastOne(economics, qaPower, pledgeProjectionEpochs)
  const network = estimateOf(economics.qaPowerSmoothed)
  const simpleShare = most(network, qaPower)
  const baselineShare = most(simpleShare, economics.baselinePower)
  const skew = BigInt(rampPermille(economics, epoch))
  const target = economics.circulatingSupply * 3n * qaPower
  const additional =
    ((1000n - skew) * target) / (baselineShare * 10n * 1000n) + (skew * target) / (simpleShare * 10n * 1000n)
  const cap = pledgeMaxPerByte * qaPower
  const nominal = base + additional
  return attoFil(least(nominal, cap))
}

/** What creating a miner locks (FIP-0077). `minimumPower` is the consensus minimum, bytes. */
export function creationDeposit(economics: EconomicsSnapshot, minimumPower: bigint, epoch: number): AttoFil {
  return initialPledge(economics, minimumPower / 10n, epoch)
}

/** What faulty power pays at each deadline it stays faulty. */
export function continuedFaultFee(economics: EconomicsSnapshot, qaPower: bigint): AttoFil {
  return expectedReward(economics, qaPower, continuedFaultEpochs)
}

/** The daily fee of a sector, fixed when it is activated (FIP-0100). */
export function dailyFee(economics: EconomicsSnapshot, qaPower: bigint): AttoFil {
  return attoFil((161817n * economics.circulatingSupply * qaPower) / 10n ** 30n)
}

/** What a deadline really pays of its daily fees: at most half of a day's reward for its live power. */
export function dailyFeePayable(economics: EconomicsSnapshot, fees: AttoFil, liveQaPower: bigint): AttoFil {
  const cap = expectedReward(economics, liveQaPower, epochsInDay) / 2n
  return attoFil(least<bigint>(fees, cap))
}

/** What a sector terminated early pays (FIP-0098). */
export function terminationFee(pledge: AttoFil, ageEpochs: number, faultFee: AttoFil): AttoFil {
  const simple = (pledge * 85n) / 1000n
  const byAge = (BigInt(ageEpochs) * simple) / BigInt(140 * epochsInDay)
  const base = least(simple, byAge)
  return attoFil(most(base, (pledge * 2n) / 100n, (faultFee * 105n) / 100n))
}

function rampPermille({ rampStartEpoch, rampDurationEpochs }: EconomicsSnapshot, epoch: number): number {
  const elapsed = epoch - rampStartEpoch
  if (elapsed < 0) return 0
  if (rampDurationEpochs === 0 || elapsed >= rampDurationEpochs) return simplePledgePermille
  return Math.floor((elapsed * simplePledgePermille) / rampDurationEpochs)
}
