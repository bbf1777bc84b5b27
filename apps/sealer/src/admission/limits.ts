import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { SealerDb } from '../sealer-db.js'

/** `--enable_deal_sector`, `--deal-concurrent N`, `total_num` (0 = no limit), and what is in flight now. */
export interface Limits {
  enableDealSector: boolean
  dealConcurrent: number
  totalNum: number
  inFlightDealSectors: number
  inFlightSectors: number
}

export type LimitChanges = Partial<Pick<Limits, 'enableDealSector' | 'dealConcurrent' | 'totalNum'>>

export async function readLimits(db: Kysely<SealerDb>): Promise<Limits> {
  const row = await db.selectFrom('limits').selectAll().executeTakeFirstOrThrow()
  return {
    enableDealSector: row.enable_deal_sector === 1,
    dealConcurrent: row.deal_concurrent,
    totalNum: row.total_num,
    inFlightDealSectors: row.in_flight_deals,
    inFlightSectors: row.in_flight,
  }
}

/** Applies at once, to the next admission: what is already in flight goes on. */
export async function setLimits(trx: Kysely<SealerDb>, changes: LimitChanges, atMs: number): Promise<void> {
  await trx
    .updateTable('limits')
    .set({
      ...(changes.enableDealSector === undefined
        ? {}
        : { enable_deal_sector: changes.enableDealSector ? 1 : 0 }),
      ...(changes.dealConcurrent === undefined ? {} : { deal_concurrent: changes.dealConcurrent }),
      ...(changes.totalNum === undefined ? {} : { total_num: changes.totalNum }),
    })
    .execute()
  await logLimits(trx, 'limitsSet', null, atMs)
}

/**
 * Takes a place for a new sector, or returns false and takes nothing. The condition and the count are one statement,
 * and the caller inserts the sector in the same transaction, so that no crash or race can exceed a limit.
 */
export async function takePlace(
  trx: Kysely<SealerDb>,
  kind: 'deal' | 'cc',
  sectorNumber: number,
  atMs: number,
): Promise<boolean> {
  const deals = kind === 'deal' ? 1 : 0
  const taken = await trx
    .updateTable('limits')
    .set({ in_flight: sql`in_flight + 1`, in_flight_deals: sql`in_flight_deals + ${deals}` })
    .where((eb) => eb.or([eb('total_num', '=', 0), eb('in_flight', '<', eb.ref('total_num'))]))
    .$if(kind === 'deal', (query) =>
      query
        .where('enable_deal_sector', '=', 1)
        .where('in_flight_deals', '<', sql.ref<number>('deal_concurrent')),
    )
    .executeTakeFirst()
  if (taken.numUpdatedRows !== 1n) return false
  await logLimits(trx, kind === 'deal' ? 'dealSectorAdmitted' : 'sectorPledged', sectorNumber, atMs)
  return true
}

/** Gives the place back, when the ProveCommit proof exists or the sector is removed. */
export async function givePlace(
  trx: Kysely<SealerDb>,
  kind: 'deal' | 'cc',
  sectorNumber: number,
  atMs: number,
): Promise<void> {
  const deals = kind === 'deal' ? 1 : 0
  await trx
    .updateTable('limits')
    .set({ in_flight: sql`in_flight - 1`, in_flight_deals: sql`in_flight_deals - ${deals}` })
    .execute()
  await logLimits(trx, 'placeFreed', sectorNumber, atMs)
}

/** Why no deal sector starts now, in the operators' words; undefined when one could. */
export function whyFull(limits: Limits, kind: 'deal' | 'cc'): string | undefined {
  if (kind === 'deal' && !limits.enableDealSector) return 'sealer not accepting deal sectors (off)'
  if (kind === 'deal' && limits.inFlightDealSectors >= limits.dealConcurrent) {
    return `sealer not accepting deal sectors (${limits.inFlightDealSectors} of ${limits.dealConcurrent} busy)`
  }
  if (limits.totalNum > 0 && limits.inFlightSectors >= limits.totalNum) {
    return `sealer not accepting sectors (${limits.inFlightSectors} of ${limits.totalNum} busy)`
  }
  return undefined
}

async function logLimits(
  trx: Kysely<SealerDb>,
  event: string,
  sectorNumber: number | null,
  atMs: number,
): Promise<void> {
  const { in_flight_deals, deal_concurrent } = await trx
    .selectFrom('limits')
    .select(['in_flight_deals', 'deal_concurrent'])
    .executeTakeFirstOrThrow()
  await trx
    .insertInto('limits_log')
    .values({ at_ms: atMs, event, sector_number: sectorNumber, in_flight_deals, deal_concurrent })
    .execute()
}
