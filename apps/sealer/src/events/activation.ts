import type { Transaction } from 'kysely'
import type { PieceStore } from '../intake/piece-store.js'
import type { SealerDb } from '../sealer-db.js'
import type { LandedProveCommit } from './told-facts.js'

/**
 * A sector can be on chain with a deal of it not active: the market's own answer decides, deal by deal. A piece whose deal is not active
 * waits for another sector; its start epoch decides there whether that still makes sense. Returns the pieces touched.
 */
export async function applyActivation(
  trx: Transaction<SealerDb>,
  sectorNumber: number,
  landed: LandedProveCommit,
  pieces: PieceStore,
  nowMs: number,
): Promise<string[]> {
  const inside = await piecesOf(trx, sectorNumber, 'InSector')
  for (const piece of inside) {
    if (piece.deal_id !== null && landed.activeDeals.includes(piece.deal_id)) {
      await pieces.move(trx, piece, 'activated', {}, { nowMs, detail: `sector ${sectorNumber}` })
    } else {
      const facts = { sector_number: null, padded_offset: null }
      const detail = `deal ${piece.deal_id ?? '?'} was not activated in sector ${sectorNumber}`
      await pieces.move(trx, piece, 'unpacked', facts, { nowMs, detail })
    }
  }
  return inside.map((piece) => piece.deal_uuid)
}

/** A reorg took the sector's ProveCommit back, and with it the activation of its deals. Returns the pieces touched. */
export async function revertActivation(
  trx: Transaction<SealerDb>,
  sectorNumber: number,
  pieces: PieceStore,
  nowMs: number,
): Promise<string[]> {
  const active = await piecesOf(trx, sectorNumber, 'Sealed')
  for (const piece of active) {
    const detail = `a reorg took back the ProveCommit of sector ${sectorNumber}`
    await pieces.move(trx, piece, 'deactivated', {}, { nowMs, detail })
  }
  return active.map((piece) => piece.deal_uuid)
}

async function piecesOf(trx: Transaction<SealerDb>, sectorNumber: number, state: 'InSector' | 'Sealed') {
  return await trx
    .selectFrom('pieces')
    .selectAll()
    .where('sector_number', '=', sectorNumber)
    .where('state', '=', state)
    .execute()
}
