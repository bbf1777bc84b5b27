import { paddedSize } from '@sealane/fil-units'
import { placePiece } from '@sealane/pieces'
import { writing } from '@sealane/sql'
import type { Transaction } from 'kysely'
import { remember } from '../history.js'
import type { PieceStore } from '../intake/piece-store.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { Piece, SealerDb, Sector } from '../sealer-db.js'
import { readLimits, takePlace, whyFull } from './limits.js'
import { takeNumber } from './sector-numbers.js'

export interface AdmitOptions {
  sectorSizeBytes: number
  /** How long a new sector stays open for more pieces. Unit: ms. */
  waitDealsMs: number
  now: () => number
}

export type Admission =
  | { admitted: true; sectorNumber: number }
  /** `needNumber`: a place is free, ask the miner for a sector number and come again. */
  | { admitted: false; why: string; needNumber: boolean }

/**
 * Puts a published piece into an open sector, else into a new one when the limits allow: the count, the sector and the piece
 * change in one transaction. A full sector closes in the same transaction too.
 */
export async function admitPiece(
  dealUuid: string,
  pieces: PieceStore,
  sectors: SectorStore,
  o: AdmitOptions,
): Promise<Admission> {
  return await writing(pieces.db, async (trx): Promise<Admission> => {
    const piece = await pieces.read(dealUuid, trx)
    if (piece?.state !== 'Published')
      return { admitted: false, why: 'not waiting for a sector', needNumber: false }
    const nowMs = o.now()
    for (const sector of await openSectors(trx)) {
      const offset = placeIn(await endOf(trx, sector), piece, sector)
      if (offset === undefined) continue
      await put(trx, piece, sector, offset, pieces, sectors, nowMs)
      return { admitted: true, sectorNumber: sector.sector_number }
    }
    const full = whyFull(await readLimits(trx), 'deal')
    if (full !== undefined) return { admitted: false, why: full, needNumber: false }
    const sectorNumber = await takeNumber(trx)
    if (sectorNumber === undefined)
      return { admitted: false, why: 'a sector number from the miner', needNumber: true }
    if (!(await takePlace(trx, 'deal', sectorNumber, nowMs)))
      throw new Error('limits changed inside a transaction')
    const sector = await openSector(
      trx,
      sectorNumber,
      'deal',
      o.sectorSizeBytes,
      nowMs,
      nowMs + o.waitDealsMs,
    )
    await put(trx, piece, sector, 0, pieces, sectors, nowMs)
    return { admitted: true, sectorNumber }
  })
}

/** A committed-capacity sector under `requestId` (asking again gives the same one), or why not now. */
export async function pledgeSector(
  trx: Transaction<SealerDb>,
  requestId: string,
  o: AdmitOptions,
): Promise<Admission> {
  const pledged = await trx
    .selectFrom('pledges')
    .selectAll()
    .where('request_id', '=', requestId)
    .executeTakeFirst()
  if (pledged) return { admitted: true, sectorNumber: pledged.sector_number }
  const full = whyFull(await readLimits(trx), 'cc')
  if (full !== undefined) return { admitted: false, why: full, needNumber: false }
  const sectorNumber = await takeNumber(trx)
  if (sectorNumber === undefined)
    return { admitted: false, why: 'a sector number from the miner', needNumber: true }
  const nowMs = o.now()
  if (!(await takePlace(trx, 'cc', sectorNumber, nowMs)))
    throw new Error('limits changed inside a transaction')
  await openSector(trx, sectorNumber, 'cc', o.sectorSizeBytes, nowMs, null)
  await trx.insertInto('pledges').values({ request_id: requestId, sector_number: sectorNumber }).execute()
  return { admitted: true, sectorNumber }
}

async function openSectors(trx: Transaction<SealerDb>): Promise<Sector[]> {
  return await trx
    .selectFrom('sectors')
    .selectAll()
    .where('state', '=', 'WaitDeals')
    .where('kind', '=', 'deal')
    .orderBy('sector_number')
    .execute()
}

async function openSector(
  trx: Transaction<SealerDb>,
  sectorNumber: number,
  kind: 'deal' | 'cc',
  sectorSizeBytes: number,
  nowMs: number,
  closeAtMs: number | null,
): Promise<Sector> {
  const state = kind === 'deal' ? 'WaitDeals' : 'Packing'
  await trx
    .insertInto('sectors')
    .values({
      sector_number: sectorNumber,
      state,
      turn: 1,
      state_since_ms: nowMs,
      wake_at: nowMs,
      tries: 0,
      kind,
      sector_size: sectorSizeBytes,
      counted: 1,
      close_at_ms: closeAtMs,
    } as Sector)
    .execute()
  await remember(trx, {
    thing: 'sector',
    subject: String(sectorNumber),
    atMs: nowMs,
    event: kind === 'deal' ? 'opened' : 'pledged',
    state,
  })
  return await trx
    .selectFrom('sectors')
    .selectAll()
    .where('sector_number', '=', sectorNumber)
    .executeTakeFirstOrThrow()
}

async function endOf(trx: Transaction<SealerDb>, sector: Sector): Promise<number> {
  const placed = await trx
    .selectFrom('pieces')
    .select(['padded_offset', 'piece_size'])
    .where('sector_number', '=', sector.sector_number)
    .execute()
  return placed.reduce((end, piece) => Math.max(end, (piece.padded_offset ?? 0) + piece.piece_size), 0)
}

function placeIn(end: number, piece: Piece, sector: Sector): number | undefined {
  const place = placePiece(
    BigInt(end),
    paddedSize(BigInt(piece.piece_size)),
    paddedSize(BigInt(sector.sector_size)),
  )
  return place === undefined ? undefined : Number(place.offset)
}

async function put(
  trx: Transaction<SealerDb>,
  piece: Piece,
  sector: Sector,
  offset: number,
  pieces: PieceStore,
  sectors: SectorStore,
  nowMs: number,
): Promise<void> {
  const facts = { sector_number: sector.sector_number, padded_offset: offset }
  await pieces.move(trx, piece, 'admitted', facts, {
    nowMs,
    detail: `sector ${sector.sector_number} at ${offset}`,
  })
  const full = offset + piece.piece_size === sector.sector_size
  if (full) await sectors.move(trx, sector, 'closed', {}, { nowMs, detail: 'full' })
}
