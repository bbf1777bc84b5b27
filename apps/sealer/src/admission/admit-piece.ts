import { paddedSize } from '@sealane/fil-units'
import { placePiece } from '@sealane/pieces'
import { writing } from '@sealane/sql'
import type { Kysely, Transaction } from 'kysely'
import type { PieceStore } from '../intake/piece-store.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { Piece, SealerDb, Sector } from '../sealer-db.js'
import { readLimits, takePlace, whyFull } from './limits.js'
import { openDealSectors, openSector } from './open-sector.js'
import type { SectorNumbers } from './sector-numbers.js'

export interface AdmitOptions {
  pieces: PieceStore
  sectors: SectorStore
  numbers: SectorNumbers
  sectorSizeBytes: number
  /** How long a new sector stays open for more pieces. Unit: ms. */
  waitDealsMs: number
  now: () => number
}

export type Admission =
  | { admitted: true; sectorNumber: number; opened: boolean }
  | {
      admitted: false
      why: string
      /** A place is free: get a number from the miner and come again. */
      needNumber?: true
      /** A place is free, but this deal comes first. */
      first?: string
    }

/**
 * Puts a published piece into an open sector, else into a new one when the limits allow: the count, the sector and the piece
 * change in one transaction. A full sector closes in the same transaction too. New sectors are opened in the order of start epochs.
 */
export async function admitPiece(dealUuid: string, o: AdmitOptions): Promise<Admission> {
  return await writing(o.pieces.db, async (trx): Promise<Admission> => {
    const piece = await o.pieces.read(dealUuid, trx)
    if (piece?.state !== 'Published') return { admitted: false, why: 'not waiting for a sector' }
    const nowMs = o.now()
    for (const sector of await openDealSectors(trx)) {
      const offset = placeIn(await endOf(trx, sector), piece, sector)
      if (offset === undefined) continue
      await put(trx, piece, sector, offset, nowMs, o)
      return { admitted: true, sectorNumber: sector.sector_number, opened: false }
    }
    const full = whyFull(await readLimits(trx), 'deal')
    if (full !== undefined) return { admitted: false, why: full }
    const first = await firstInLine(trx)
    if (first !== undefined && first !== dealUuid)
      return { admitted: false, why: 'its turn: deals that start earlier go first', first }
    const sectorNumber = await o.numbers.take(trx)
    if (sectorNumber === undefined)
      return { admitted: false, why: 'a sector number from the miner', needNumber: true }
    if (!(await takePlace(trx, 'deal', sectorNumber, nowMs)))
      throw new TypeError('limits changed inside a transaction')
    const { sectorSizeBytes, waitDealsMs } = o
    const closeAtMs = nowMs + waitDealsMs
    const sector = await openSector(trx, { sectorNumber, kind: 'deal', sectorSizeBytes, nowMs, closeAtMs })
    await put(trx, piece, sector, 0, nowMs, o)
    return { admitted: true, sectorNumber, opened: true }
  })
}

/** The published piece whose deal starts first. */
export async function firstInLine(db: Kysely<SealerDb>): Promise<string | undefined> {
  const [first] = await linedUp(db, 1)
  return first
}

/** Published pieces in the order in which they get sectors. */
export async function linedUp(db: Kysely<SealerDb>, most: number): Promise<string[]> {
  const rows = await db
    .selectFrom('pieces')
    .select('deal_uuid')
    .where('state', '=', 'Published')
    .orderBy('start_epoch')
    .orderBy('deal_uuid')
    .limit(most)
    .execute()
  return rows.map((row) => row.deal_uuid)
}

async function endOf(trx: Transaction<SealerDb>, sector: Sector): Promise<number> {
  const placed = await trx
    .selectFrom('pieces')
    .select(['padded_offset', 'piece_size'])
    .where('sector_number', '=', sector.sector_number)
    .execute()
  return placed.reduce((end, piece) => Math.max(end, (piece.padded_offset ?? 0) + piece.piece_size), 0)
}

/** A piece starts at a multiple of its own size. Unit: padded bytes. */
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
  nowMs: number,
  { pieces, sectors }: AdmitOptions,
): Promise<void> {
  const facts = { sector_number: sector.sector_number, padded_offset: offset }
  const detail = `sector ${sector.sector_number} at ${offset}`
  await pieces.move(trx, piece, 'admitted', facts, { nowMs, detail })
  const full = offset + piece.piece_size === sector.sector_size
  if (full) await sectors.move(trx, sector, 'closed', {}, { nowMs, detail: 'full' })
}
