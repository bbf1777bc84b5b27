import { type AttoFil, attoFil } from '@sealane/fil-units'
import { least } from '../economics/extremes.js'

/** Where the money of a message's gas goes. */
export interface GasOutputs {
  gasUsed: number
  /** To f099. */
  baseFeeBurn: AttoFil
  /** To f099: for asking much more gas than was used. */
  overEstimationBurn: AttoFil
  /** What a producer pays who includes a message whose fee cap is below the base fee. Not collected here. */
  minerPenalty: AttoFil
  /** To f02, for the producer. */
  minerTip: AttoFil
  refund: AttoFil
  totalCost: AttoFil
}

export interface GasBid {
  gasLimit: number
  gasFeeCap: AttoFil
  gasPremium: AttoFil
}

/**
 * Splits gasFeeCap × gasLimit into burn, tip and refund.
 * Source: filecoin-project/lotus chain/vm/burn.go (ComputeGasOutputs); ref-fvm fvm/src/gas/outputs.rs.
 */
export function gasOutputs(gasUsed: number, bid: GasBid, baseFee: AttoFil): GasOutputs {
  const used = BigInt(gasUsed)
  const limit = BigInt(bid.gasLimit)
  const feePaid = least(baseFee, bid.gasFeeCap)
  const feeMissing = baseFee - feePaid
  const premium = least<bigint>(bid.gasPremium, bid.gasFeeCap - feePaid)

  const burntGas = overEstimationGas(used, limit)
  const baseFeeBurn = feePaid * used
  const overEstimationBurn = feePaid * burntGas
  const minerTip = premium * limit
  const totalCost = baseFeeBurn + overEstimationBurn + minerTip
  return {
    gasUsed,
    baseFeeBurn: attoFil(baseFeeBurn),
    overEstimationBurn: attoFil(overEstimationBurn),
    minerPenalty: attoFil(feeMissing * (used + burntGas)),
    minerTip: attoFil(minerTip),
    refund: attoFil(bid.gasFeeCap * limit - totalCost),
    totalCost: attoFil(totalCost),
  }
}

/** Gas burnt for over-estimation: nothing up to 110 % of what was used, everything unused from 210 %. */
function overEstimationGas(used: bigint, limit: bigint): bigint {
  if (used === 0n) return limit
  const over = limit - (11n * used) / 10n
  if (over < 0n) return 0n
  return ((limit - used) * least(over, used)) / used
}
