import { type AttoFil, attoFil, type ChainEpoch, type PaddedSize } from '@sealane/fil-units'
import { divideEuclidean } from '../bigint.js'
import { TOTAL_FILECOIN } from '../message.js'
import type { FilterEstimate } from '../params/power.js'
import type { NetworkPolicy } from './network-policy.js'
import { estimate, extrapolatedCumSumOfRatio } from './smoothing.js'

// Sources: go-state-types v0.18.0 builtin/v18/miner/monies.go and policy.go, builtin/v18/market/policy.go, which mirror
// builtin-actors miner/src/monies.rs, miner/src/policy.rs and market/src/policy.rs. Power in bytes, amounts in attoFIL.

const EPOCHS_IN_DAY = 2880n
/** Epochs of expected reward that a pre-commit locks: 20 days. */
export const PRE_COMMIT_DEPOSIT_PROJECTION_EPOCHS = 57_600
/** Epochs of expected reward that the storage part of the pledge is: 20 days. */
export const INITIAL_PLEDGE_PROJECTION_EPOCHS = 57_600
/** Epochs of expected reward that a day of a continued fault costs: 3.51 days. */
export const CONTINUED_FAULT_PROJECTION_EPOCHS = 10_108
/** Cap on pledge, attoFIL per quality-adjusted byte: 1 FIL per 32 GiB, rounded down. */
export const INITIAL_PLEDGE_MAX_PER_BYTE = 10n ** 18n / (32n << 30n)
/** Quality of sectors and deals, in tenths: 10 is once. */
export const QUALITY_BASE_MULTIPLIER = 10n
/** Quality of verified deals, in tenths: 100 is tenfold. */
export const VERIFIED_DEAL_WEIGHT_MULTIPLIER = 100n
/** Fraction bits of a sector's quality. */
export const SECTOR_QUALITY_PRECISION = 20n

/** The network's smoothed reward per epoch and quality-adjusted power, as the reward and power actors keep them. */
export interface NetworkEstimates {
  /** `ThisEpochRewardSmoothed` of f02. */
  rewardSmoothed: FilterEstimate
  /** `ThisEpochQAPowerSmoothed` of f04. */
  qaPowerSmoothed: FilterEstimate
}

/** A sector's quality, 2^20 = once. `verifiedWeight` is verified bytes × epochs. */
export function qualityForWeight(sectorSize: bigint, durationEpochs: number, verifiedWeight: bigint): bigint {
  const spaceTime = sectorSize * BigInt(durationEpochs)
  const weighted =
    (spaceTime - verifiedWeight) * QUALITY_BASE_MULTIPLIER + verifiedWeight * VERIFIED_DEAL_WEIGHT_MULTIPLIER
  const average = divideEuclidean(weighted << SECTOR_QUALITY_PRECISION, spaceTime).quotient
  return divideEuclidean(average, QUALITY_BASE_MULTIPLIER).quotient
}

/** A sector's quality-adjusted power, bytes. */
export function qaPowerForWeight(sectorSize: bigint, durationEpochs: number, verifiedWeight: bigint): bigint {
  return (
    (sectorSize * qualityForWeight(sectorSize, durationEpochs, verifiedWeight)) >> SECTOR_QUALITY_PRECISION
  )
}

/** The most power a sector of a size can have: tenfold. */
export function qaPowerMax(sectorSize: bigint): bigint {
  return (sectorSize * VERIFIED_DEAL_WEIGHT_MULTIPLIER) / QUALITY_BASE_MULTIPLIER
}

/** Reward that `qaPower` is expected to earn over the next `epochs`; never negative. */
export function expectedRewardForPower(network: NetworkEstimates, qaPower: bigint, epochs: number): AttoFil {
  if (estimate(network.qaPowerSmoothed) === 0n) return attoFil(estimate(network.rewardSmoothed))
  const ratio = extrapolatedCumSumOfRatio(epochs, network.rewardSmoothed, network.qaPowerSmoothed)
  return attoFil(max((qaPower * ratio) >> 128n, 0n))
}

/** What a pre-commit locks for `qaPower`: 20 days of reward, at least 1 attoFIL. */
export function preCommitDepositForPower(network: NetworkEstimates, qaPower: bigint): AttoFil {
  return atLeastOne(expectedRewardForPower(network, qaPower, PRE_COMMIT_DEPOSIT_PROJECTION_EPOCHS))
}

/** What one sector's pre-commit locks: the actor always assumes the best quality. */
export function preCommitDeposit(network: NetworkEstimates, sectorSize: bigint): AttoFil {
  return preCommitDepositForPower(network, qaPowerMax(sectorSize))
}

/** What {@link initialPledgeForPower} needs to know of the network. */
export interface PledgeInputs extends NetworkEstimates {
  /** `ThisEpochBaselinePower` of f02, bytes. */
  baselinePower: bigint
  /** Circulating supply as the actors see it (`FilCirculating`). */
  circulatingSupply: AttoFil
  /** Current epoch − `RampStartEpoch` of f04; negative before the ramp. */
  epochsSinceRampStart: number
  /** `RampDurationEpochs` of f04. */
  rampDurationEpochs: number
}

/** Pledge for `qaPower`: 20 days of reward plus a share of the supply, capped at 1 FIL per 32 GiB (FIP-0081). */
export function initialPledgeForPower(network: PledgeInputs, qaPower: bigint): AttoFil {
  const base = atLeastOne(expectedRewardForPower(network, qaPower, INITIAL_PLEDGE_PROJECTION_EPOCHS))
  const networkPower = estimate(network.qaPowerSmoothed)
  const gamma = BigInt(1000 - rampPermille(network))
  const numerator = 3n * network.circulatingSupply * qaPower
  const baselineShare = max(max(networkPower, network.baselinePower), qaPower)
  const simpleShare = max(networkPower, qaPower)
  const additional =
    divideEuclidean(gamma * numerator, baselineShare * 10n * 1000n).quotient +
    divideEuclidean((1000n - gamma) * numerator, simpleShare * 10n * 1000n).quotient
  return attoFil(min(base + additional, INITIAL_PLEDGE_MAX_PER_BYTE * qaPower))
}

/** Per mille of the supply share that no longer follows the baseline: 0 before the ramp, 300 after it (FIP-0081). */
function rampPermille(network: PledgeInputs): number {
  const { epochsSinceRampStart: since, rampDurationEpochs: duration } = network
  if (since < 0) return 0
  if (duration === 0 || since >= duration) return 300
  return Math.floor((since * 300) / duration)
}

/** What a new miner must bring (FIP-0077). */
export function createMinerDeposit(
  policy: Pick<NetworkPolicy, 'createMinerDepositPower'>,
  network: PledgeInputs,
): AttoFil {
  return initialPledgeForPower(network, policy.createMinerDepositPower)
}

/** Lotus adds this margin to the deposits, pledges and collaterals its API answers: 110 %. LOTUS node/impl/full/state.go. */
export function withLotusMargin(amount: AttoFil): AttoFil {
  return attoFil(divideEuclidean(amount * 110n, 100n).quotient)
}

/** Fee per day that a sector's power costs, fixed at activation: 161817e−30 of the supply per byte (FIP-0100). */
export function dailyProofFee(circulatingSupply: AttoFil, qaPower: bigint): AttoFil {
  return attoFil(divideEuclidean(161_817n * qaPower * circulatingSupply, 10n ** 30n).quotient)
}

/** The most a deadline pays in daily fees: half of the reward its live power is expected to earn in a day (FIP-0100). */
export function dailyFeeCap(network: NetworkEstimates, livePower: bigint): AttoFil {
  return attoFil(expectedRewardForPower(network, livePower, Number(EPOCHS_IN_DAY)) / 2n)
}

/** Fee per day of a fault that is not new: 3.51 days of reward. */
export function continuedFaultFee(network: NetworkEstimates, qaPower: bigint): AttoFil {
  return expectedRewardForPower(network, qaPower, CONTINUED_FAULT_PROJECTION_EPOCHS)
}

/**
 * Fee for ending a sector early: 8.5 % of its pledge, in proportion to its age up to 140 days, but at least 2 % of the
 * pledge and 105 % of one fault fee (FIP-0098).
 */
export function terminationFee(pledge: AttoFil, sectorAge: ChainEpoch, faultFee: AttoFil): AttoFil {
  const full = (pledge * 85n) / 1000n
  const byAge = (BigInt(sectorAge) * full) / (140n * EPOCHS_IN_DAY)
  const least = max((pledge * 2n) / 100n, (faultFee * 105n) / 100n)
  return attoFil(max(min(full, byAge), least))
}

/** Least and greatest provider collateral of a deal: 1 % of the supply, in proportion to its share of power. */
export function dealProviderCollateralBounds(
  policy: Pick<NetworkPolicy, 'providerCollateralSupplyTarget'>,
  network: { rawPower: bigint; baselinePower: bigint; circulatingSupply: AttoFil },
  pieceSize: PaddedSize,
): { min: AttoFil; max: AttoFil } {
  const { numerator, denominator } = policy.providerCollateralSupplyTarget
  const share = max(max(network.rawPower, network.baselinePower), pieceSize)
  const least = divideEuclidean(
    numerator * network.circulatingSupply * pieceSize,
    denominator * share,
  ).quotient
  return { min: attoFil(least), max: TOTAL_FILECOIN }
}

/** Fee for sending sectors in one message: only up to actors v15 (network version 24), nothing since (FIP-0100). */
export function aggregateNetworkFee(
  kind: 'preCommit' | 'proveCommit',
  sectors: number,
  baseFee: AttoFil,
  networkVersion: number,
): AttoFil {
  if (networkVersion > 24) return attoFil(0n)
  const gas = kind === 'preCommit' ? 16_433_324n : 49_299_973n
  const price = max(baseFee, 5n * 10n ** 9n)
  return attoFil((price * gas * BigInt(sectors)) / 20n)
}

/** What the base fee rule reads of a message in a tipset: gas units, attoFIL per gas unit. */
export interface FeeBid {
  gasLimit: number
  gasFeeCap: AttoFil
  gasPremium: AttoFil
}

/**
 * The base fee after a tipset (network version 28, FIP-0115). P is the premium actually paid, weighted by gas limit, at
 * 80 % of a block's gas limit counted from the highest bid, and 0 when the tipset asks for less gas than that. With
 * m = ceil(base/8) the fee moves by min(m, P − m) and never falls below the minimum.
 * @param messages of all blocks of the tipset, each once
 * Source: lotus chain/store/basefee.go ComputeNextBaseFeeFromPremiums
 */
export function nextBaseFee(
  policy: Pick<
    NetworkPolicy,
    'blockGasLimit' | 'blockGasTargetPercent' | 'baseFeeMaxChangeDenominator' | 'minimumBaseFee'
  >,
  baseFee: AttoFil,
  messages: readonly FeeBid[],
): AttoFil {
  const target = (policy.blockGasLimit * policy.blockGasTargetPercent) / 100
  const bids = messages
    .map((bid) => ({
      gasLimit: bid.gasLimit,
      premium: max(0n, min(bid.gasPremium, bid.gasFeeCap - baseFee)),
    }))
    .sort((a, b) => (a.premium < b.premium ? 1 : a.premium > b.premium ? -1 : 0))
  let gas = 0
  let premium = 0n
  for (const bid of bids) {
    gas += bid.gasLimit
    if (gas >= target) {
      premium = bid.premium
      break
    }
  }
  const denominator = policy.baseFeeMaxChangeDenominator
  const step = (baseFee + denominator - 1n) / denominator
  return attoFil(max(policy.minimumBaseFee, baseFee + min(step, premium - step)))
}

function atLeastOne(amount: AttoFil): AttoFil {
  return amount > 0n ? amount : attoFil(1n)
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
