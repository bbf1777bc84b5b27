/** Verified deals count tenfold. Source: builtin-actors miner policy.rs (QUALITY_BASE_MULTIPLIER 10, VERIFIED 100). */
const baseMultiplier = 10n
const verifiedMultiplier = 100n
/** Fixed-point bits of a sector's quality. Source: builtin-actors miner policy.rs (SECTOR_QUALITY_PRECISION). */
const qualityPrecision = 20n

/** Quality-adjusted power of a sector, bytes. `verifiedWeight` is byte-epochs of verified deals. */
export function qaPowerForWeight(sectorSize: bigint, durationEpochs: number, verifiedWeight: bigint): bigint {
  const spaceTime = sectorSize * BigInt(durationEpochs)
  const weighted = (spaceTime - verifiedWeight) * baseMultiplier + verifiedWeight * verifiedMultiplier
  const quality = (weighted << qualityPrecision) / spaceTime / baseMultiplier
  return (sectorSize * quality) >> qualityPrecision
}

/** The most a sector can count: all of it verified deals. */
export function qaPowerMax(sectorSize: bigint): bigint {
  return (sectorSize * verifiedMultiplier) / baseMultiplier
}
