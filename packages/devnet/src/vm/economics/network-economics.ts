import {
  createMinerDeposit,
  dailyFeeCap,
  dailyProofFee,
  dealProviderCollateralBounds,
  preCommitDeposit as depositOf,
  continuedFaultFee as faultFeeOf,
  initialPledgeForPower,
  type PledgeInputs,
} from '@sealane/actors'
import type { AttoFil, PaddedSize } from '@sealane/fil-units'
import { policy } from '../policy.js'
import type { EconomicsSnapshot } from '../state/economics-snapshot.js'
import { least } from './extremes.js'

/** What precommitting one sector locks. */
export function preCommitDeposit(economics: EconomicsSnapshot, sectorSize: bigint): AttoFil {
  return depositOf(economics, sectorSize)
}

/** What proving a sector of this quality-adjusted power locks. */
export function initialPledge(economics: EconomicsSnapshot, qaPower: bigint, epoch: number): AttoFil {
  return initialPledgeForPower(pledgeInputs(economics, epoch), qaPower)
}

/** What creating a miner locks (FIP-0077). */
export function creationDeposit(economics: EconomicsSnapshot, epoch: number): AttoFil {
  return createMinerDeposit(policy, pledgeInputs(economics, epoch))
}

/** What faulty power pays at each deadline it stays faulty. */
export function continuedFaultFee(economics: EconomicsSnapshot, qaPower: bigint): AttoFil {
  return faultFeeOf(economics, qaPower)
}

/** The daily fee of a sector, fixed when it is activated (FIP-0100). */
export function dailyFee(economics: EconomicsSnapshot, qaPower: bigint): AttoFil {
  return dailyProofFee(economics.circulatingSupply, qaPower)
}

/** What a deadline really pays of its daily fees: at most half of a day's reward for its live power. */
export function dailyFeePayable(economics: EconomicsSnapshot, fees: AttoFil, liveQaPower: bigint): AttoFil {
  return least(fees, dailyFeeCap(economics, liveQaPower))
}

/** Collateral that the provider of a deal may lock. */
export function providerCollateralBounds(
  economics: EconomicsSnapshot,
  pieceSize: bigint,
  networkRawPower: bigint,
): { min: AttoFil; max: AttoFil } {
  const { baselinePower, circulatingSupply } = economics
  const network = { rawPower: networkRawPower, baselinePower, circulatingSupply }
  return dealProviderCollateralBounds(policy, network, pieceSize as PaddedSize)
}

function pledgeInputs(economics: EconomicsSnapshot, epoch: number): PledgeInputs {
  return { ...economics, epochsSinceRampStart: epoch - economics.rampStartEpoch }
}
