import type { Sector } from '../sealer-db.js'

/** A column that the sector's state promises to be there. */
export function required<Column extends keyof Sector>(
  sector: Sector,
  column: Column,
): NonNullable<Sector[Column]> {
  const value = sector[column]
  if (value === null || value === undefined) {
    throw new TypeError(`sector ${sector.sector_number} is ${sector.state} without ${column}`)
  }
  return value
}
