import { qaPowerForWeight } from '@sealane/actors'
import type { PowerPair, SectorInfo, Table } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'

/** Raw and quality-adjusted power of one sector. */
export function powerOfSector(sectorSize: bigint, sector: DeepReadonly<SectorInfo>): PowerPair {
  const duration = sector.expiration - sector.powerBaseEpoch
  return { raw: sectorSize, qa: qaPowerForWeight(sectorSize, duration, sector.verifiedDealWeight) }
}

/** Power of some sectors of a miner together. Throws when one is not in the table. */
export function powerOfSectors(
  sectorSize: bigint,
  sectors: DeepReadonly<Table<SectorInfo>>,
  numbers: readonly number[],
): PowerPair {
  const total: PowerPair = { raw: 0n, qa: 0n }
  for (const number of numbers) {
    const power = powerOfSector(sectorSize, sectorOf(sectors, number))
    total.raw += power.raw
    total.qa += power.qa
  }
  return total
}

export function sectorOf(sectors: DeepReadonly<Table<SectorInfo>>, number: number): DeepReadonly<SectorInfo> {
  const sector = sectors[number]
  if (sector === undefined) throw new Error(`sector ${number} is in a partition but not in the sector table`)
  return sector
}
