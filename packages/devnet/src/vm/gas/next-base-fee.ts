import { type AttoFil, attoFil } from '@sealane/fil-units'
import { least, most } from '../economics/extremes.js'
import type { GasBid } from './gas-outputs.js'

/** Gas that one block may hold. Source: filecoin-project/lotus build/buildconstants (BlockGasLimit). */
export const blockGasLimit = 10_000_000_000n

/** attoFIL per gas. Source: lotus build/buildconstants (MinimumBaseFee). */
const minimumBaseFee = 100n
/** The base fee moves by at most 1/8 per epoch. Source: lotus build/buildconstants (BaseFeeMaxChangeDenom). */
const maxChangeDenominator = 8n

/**
 * The base fee of the next tipset, network version 28 (FIP-0115): the premium found 80 % down the block's gas,
 * counted by gas limit from the highest premium, pulls the fee up; without enough bidders it falls by an eighth.
 */
export function nextBaseFee(baseFee: AttoFil, messages: readonly GasBid[]): AttoFil {
  const maxChange = (baseFee + maxChangeDenominator - 1n) / maxChangeDenominator
  const pull = percentilePremium(baseFee, messages) - maxChange
  const next = baseFee + least(pull, maxChange)
  return attoFil(most(next, minimumBaseFee))
}

function percentilePremium(baseFee: AttoFil, messages: readonly GasBid[]): bigint {
  const targetIndex = (blockGasLimit * 8n) / 10n - 1n
  const bids = messages
    .map((bid) => ({ premium: effectivePremium(baseFee, bid), gas: BigInt(bid.gasLimit) }))
    .sort((a, b) => (a.premium < b.premium ? 1 : a.premium > b.premium ? -1 : 0))
  let gas = 0n
  for (const bid of bids) {
    gas += bid.gas
    if (gas > targetIndex) return bid.premium
  }
  return 0n
}

function effectivePremium(baseFee: AttoFil, bid: GasBid): bigint {
  const room = bid.gasFeeCap - baseFee
  if (room < 0n) return 0n
  return least<bigint>(bid.gasPremium, room)
}
