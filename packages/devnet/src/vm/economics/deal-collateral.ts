import { type AttoFil, attoFil } from '@sealane/fil-units'
import type { EconomicsSnapshot } from '../state/economics-snapshot.js'
import { most } from './extremes.js'

/** All FIL there will ever be: the upper bound of prices and collaterals. Source: builtin-actors market policy.rs. */
export const totalFilecoin = attoFil(2_000_000_000n * 10n ** 18n)

/**
 * The least collateral a provider must lock for a deal: 1 % of the circulating supply times the deal's share of the
 * larger of network power and baseline. Source: builtin-actors market policy.rs.
 */
export function providerCollateralMin(
  economics: EconomicsSnapshot,
  pieceSize: bigint,
  networkRawPower: bigint,
): AttoFil {
  const power = most(networkRawPower, economics.baselinePower, pieceSize)
  return attoFil((pieceSize * economics.circulatingSupply) / (power * 100n))
}
