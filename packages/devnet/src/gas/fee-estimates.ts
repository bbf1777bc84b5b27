import type { Message } from '@sealane/actors'
import { type AttoFil, attoFil } from '@sealane/fil-units'

// Source of the numbers: filecoin-project/lotus node/impl/gasutils/gasutils.go and build/buildconstants.

/** Unit: attoFIL per gas. */
const minGasPremium = 100_000n
/** Unit: gas. */
const blockGasTarget = 5_000_000_000

/** Gas limits are estimated this much above what the simulation used. Source: lotus messagepool config. */
export const gasLimitOverestimation = 1.25

/** What a message may cost at most when its sender says nothing: 0.07 FIL. Source: lotus node/config (DefaultDefaultMaxFee). */
export const defaultMaxFee: AttoFil = attoFil(70_000_000_000_000_000n)

export interface PaidGas {
  readonly premium: bigint
  readonly gasLimit: number
}

/**
 * The premium that gets a message into one of the next `blocks` blocks, from what recent blocks paid. Lotus adds about
 * 1 % of noise, so that estimates do not march in step; one producer has no use for it.
 */
export function estimatePremium(recent: readonly PaidGas[], recentBlocks: number, blocks: number): AttoFil {
  const least = blocks === 1 ? 2n * minGasPremium : blocks === 2 ? (3n * minGasPremium) / 2n : minGasPremium
  const median = medianPremium(recent, recentBlocks)
  return attoFil(median < minGasPremium ? least : median)
}

function medianPremium(recent: readonly PaidGas[], blocks: number): bigint {
  const sorted = [...recent].sort((a, b) => (a.premium < b.premium ? 1 : a.premium > b.premium ? -1 : 0))
  const half = (blockGasTarget * blocks) / 2
  let at = half + half / 20
  let last = 0n
  let before = 0n
  for (const { premium, gasLimit } of sorted) {
    before = last
    last = premium
    at -= gasLimit
    if (at < 0) break
  }
  return before === 0n ? last : (last + before) / 2n
}

/** A fee cap that stays above the base fee for `queueBlocks` full blocks in a row: base fee × 1.125^n, plus premium. */
export function estimateFeeCap(baseFee: AttoFil, premium: AttoFil, queueBlocks: number): AttoFil {
  // What Go makes of a float beyond uint64 on amd64; reached with some 330 blocks.
  const factor = BigInt(Math.min(Math.trunc(1.125 ** queueBlocks * 256), 2 ** 63))
  return attoFil((baseFee * factor) / 256n + premium)
}

/** Keeps the whole fee within `maxFee`: lowers the fee cap, and the premium with it. */
export function capFee(message: Message, maxFee: AttoFil, maximize: boolean): Message {
  const limit = BigInt(message.gasLimit)
  const most = maxFee === 0n ? defaultMaxFee : maxFee
  const total = message.gasFeeCap * limit
  if (limit === 0n || (total <= most && !maximize)) return message
  const gasFeeCap = attoFil(most / limit)
  return message.gasPremium <= gasFeeCap
    ? { ...message, gasFeeCap }
    : { ...message, gasFeeCap, gasPremium: gasFeeCap }
}
