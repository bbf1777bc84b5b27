import type { Transaction } from 'kysely'
import { remember } from '../history.js'
import type { SealerDb, Sector } from '../sealer-db.js'

/** A new sector's row: a deal sector opens for pieces, a pledged one is packed (with zeros) at once. Its place is taken by the caller. */
export async function openSector(
  trx: Transaction<SealerDb>,
  o: {
    sectorNumber: number
    kind: 'deal' | 'cc'
    sectorSizeBytes: number
    nowMs: number
    /** Null: nothing more will come. */
    closeAtMs: number | null
  },
): Promise<Sector> {
  const state = o.kind === 'deal' ? 'WaitDeals' : 'Packing'
  const row = {
    sector_number: o.sectorNumber,
    state,
    turn: 1,
    state_since_ms: o.nowMs,
    wake_at: o.nowMs,
    tries: 0,
    kind: o.kind,
    sector_size: o.sectorSizeBytes,
    counted: 1,
    close_at_ms: o.closeAtMs,
  } as Sector
  await trx.insertInto('sectors').values(row).execute()
  await remember(trx, {
    thing: 'sector',
    subject: String(o.sectorNumber),
    atMs: o.nowMs,
    event: o.kind === 'deal' ? 'opened' : 'pledged',
    state,
  })
  return await trx
    .selectFrom('sectors')
    .selectAll()
    .where('sector_number', '=', o.sectorNumber)
    .executeTakeFirstOrThrow()
}

/** Sectors that still take pieces, the oldest first. */
export async function openDealSectors(trx: Transaction<SealerDb>): Promise<Sector[]> {
  return await trx
    .selectFrom('sectors')
    .selectAll()
    .where('state', '=', 'WaitDeals')
    .where('kind', '=', 'deal')
    .orderBy('sector_number')
    .execute()
}
