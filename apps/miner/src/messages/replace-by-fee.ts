import { type AttoFil, attoFil } from '@sealane/fil-units'

export interface Fees {
  /** attoFIL per gas unit. */
  readonly gasFeeCap: AttoFil
  readonly gasPremium: AttoFil
}

/** Least premium a pool takes for a replacement: 110 % of the old one + 1. Source: lotus chain/messagepool/messagepool.go:210-213 (ComputeMinRBF). */
export function leastReplacementPremium(premium: AttoFil): AttoFil {
  return attoFil((premium * 110n) / 100n + 1n)
}

/** The premium lotus' `mpool replace --auto` offers: 125 % + 1. Source: messagepool.go:215-219 (ComputeRBF at ratio 1.25). */
export function autoReplacementPremium(premium: AttoFil): AttoFil {
  return attoFil((premium * 125n) / 100n + 1n)
}

/**
 * Fees for replacing a message that is stuck, or undefined when the class's cap leaves no room for a premium that
 * pools would take. Only the premium counts for replacing, and it may not exceed the fee cap: both are raised.
 * @param estimate what the node asks today, attoFIL per gas unit
 * @param maxFee most that gas limit × fee cap may be, attoFIL
 */
export function replacementFees(
  old: Fees,
  estimate: Fees,
  gasLimit: number,
  maxFee: AttoFil,
): Fees | undefined {
  const highest = maxFee / BigInt(gasLimit)
  const wantedPremium = larger(autoReplacementPremium(old.gasPremium), estimate.gasPremium)
  const wantedCap = larger(larger(old.gasFeeCap, estimate.gasFeeCap), wantedPremium)
  const gasFeeCap = wantedCap < highest ? wantedCap : highest
  const gasPremium = wantedPremium < gasFeeCap ? wantedPremium : gasFeeCap
  if (gasPremium < leastReplacementPremium(old.gasPremium)) return undefined
  return { gasFeeCap: attoFil(gasFeeCap), gasPremium: attoFil(gasPremium) }
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
