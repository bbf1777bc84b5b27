import { renameDurable, trash } from '@sealane/host'
import type { Kysely } from 'kysely'
import type { Piece, SealerDb, Sector } from '../sealer-db.js'
import { c1Path, type Dirs, piecePath, unsealedPath } from './hub-paths.js'

/** Moves a piece's bytes out of service, unless another deal still needs them. */
export async function retirePiece(
  piece: Piece,
  db: Kysely<SealerDb>,
  dirs: Dirs,
  why: string,
): Promise<void> {
  const path = piecePath(dirs.pieces, piece)
  await trash(dirs.state, partPath(path, piece.deal_uuid), why, new Date())
  if (await needed(piece, db)) return
  const gone = await trash(dirs.state, path, why, new Date())
  // An offer of the same piece may have come meanwhile and found the file in its place.
  if (gone !== undefined && (await needed(piece, db))) await renameDurable(gone, path)
}

/** A pull in progress writes here. */
export function partPath(path: string, dealUuid: string): string {
  return `${path}.${dealUuid}.part`
}

async function needed(piece: Piece, db: Kysely<SealerDb>): Promise<boolean> {
  const other = await db
    .selectFrom('pieces')
    .leftJoin('sectors', 'sectors.sector_number', 'pieces.sector_number')
    .select('pieces.deal_uuid')
    .where('pieces.piece_cid', '=', piece.piece_cid)
    .where('pieces.payload_size', '=', piece.payload_size)
    .where('pieces.state', '!=', 'Dropped')
    .where((eb) => eb.or([eb('pieces.state', '!=', 'Sealed'), eb('sectors.state', '!=', 'Proving')]))
    .limit(1)
    .executeTakeFirst()
  return other !== undefined
}

/** Moves Commit1's output out of service. */
export async function retireC1(sector: Sector, dirs: Dirs, why: string): Promise<void> {
  if (sector.c1_claim !== null) await trash(dirs.state, c1Path(dirs.hub, sector), why, new Date())
}

/** Moves an unsealed copy on the hub out of service. */
export async function retireUnsealed(unsealId: string, dirs: Dirs, why: string): Promise<void> {
  await trash(dirs.state, unsealedPath(dirs.hub, unsealId), why, new Date())
}
