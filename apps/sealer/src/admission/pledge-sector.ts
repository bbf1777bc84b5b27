import type { Transaction } from 'kysely'
import type { SealerDb } from '../sealer-db.js'
import { readLimits, takePlace, whyFull } from './limits.js'
import { openSector } from './open-sector.js'
import type { SectorNumbers } from './sector-numbers.js'

export type Pledge =
  | { pledged: true; sectorNumber: number }
  /** `needNumber`: a place is free, get a number from the miner and come again. */
  | { pledged: false; why: string; needNumber: boolean }

/** A committed-capacity sector under `requestId` (asking again gives the same one), or why not now. */
export async function pledgeSector(
  trx: Transaction<SealerDb>,
  requestId: string,
  o: { sectorSizeBytes: number; numbers: SectorNumbers; nowMs: number },
): Promise<Pledge> {
  const known = await trx
    .selectFrom('pledges')
    .selectAll()
    .where('request_id', '=', requestId)
    .executeTakeFirst()
  if (known) return { pledged: true, sectorNumber: known.sector_number }
  const full = whyFull(await readLimits(trx), 'cc')
  if (full !== undefined) return { pledged: false, why: full, needNumber: false }
  const sectorNumber = await o.numbers.take(trx)
  if (sectorNumber === undefined)
    return { pledged: false, why: 'a sector number from the miner', needNumber: true }
  if (!(await takePlace(trx, 'cc', sectorNumber, o.nowMs)))
    throw new TypeError('limits changed inside a transaction')
  await openSector(trx, {
    sectorNumber,
    kind: 'cc',
    sectorSizeBytes: o.sectorSizeBytes,
    nowMs: o.nowMs,
    closeAtMs: null,
  })
  await trx.insertInto('pledges').values({ request_id: requestId, sector_number: sectorNumber }).execute()
  return { pledged: true, sectorNumber }
}
