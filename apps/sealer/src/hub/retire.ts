import { renameDurable, trash } from '@sealane/host'
import type { Kysely } from 'kysely'
import type { Piece, SealerDb } from '../sealer-db.js'
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

/**
 * Moves out of service what every Commit1 of a sector left: the row names the last claim only, and a new seed, a lost lease or a
 * spoiled output each made another. Done again it does nothing more: the row wakes until all of it is done.
 */
export async function retireC1(
  sectorNumber: number,
  db: Kysely<SealerDb>,
  dirs: Dirs,
  why: string,
): Promise<void> {
  const claims = await db
    .selectFrom('claims')
    .select('claim_id')
    .where('sector_number', '=', sectorNumber)
    .where('task', '=', 'c1')
    .execute()
  for (const { claim_id } of claims)
    await trash(dirs.state, c1Path(dirs.hub, { c1_claim: claim_id }), why, new Date())
}

/**
 * Moves one Commit1's output out of service if nothing will read it: its claim has ended and the sector went on with another's, or needs
 * none any more. Of a claim that we do not know it is left: a database restored from a backup knows less than the disk.
 */
export async function retireC1IfOver(claimId: string, db: Kysely<SealerDb>, dirs: Dirs): Promise<void> {
  const claim = await db
    .selectFrom('claims')
    .innerJoin('sectors', 'sectors.sector_number', 'claims.sector_number')
    .select(['claims.state', 'sectors.c1_claim', 'sectors.state as sector_state'])
    .where('claims.claim_id', '=', claimId)
    .executeTakeFirst()
  if (claim === undefined || claim.state === 'running') return
  const sealed = claim.sector_state === 'Proving' || claim.sector_state === 'Removed'
  if (claim.c1_claim === claimId && !sealed) return
  await trash(dirs.state, c1Path(dirs.hub, { c1_claim: claimId }), `claim ${claimId} is over`, new Date())
}

/** Moves an unsealed copy on the hub out of service. */
export async function retireUnsealed(unsealId: string, dirs: Dirs, why: string): Promise<void> {
  await trash(dirs.state, unsealedPath(dirs.hub, unsealId), why, new Date())
}

/** The same, if whoever asked for it has gone. */
export async function retireUnsealedIfOver(
  unsealId: string,
  db: Kysely<SealerDb>,
  dirs: Dirs,
): Promise<void> {
  const wanted = await db
    .selectFrom('unseals')
    .select('id')
    .where('id', '=', unsealId)
    .where('state', '=', 'queued')
    .executeTakeFirst()
  if (wanted === undefined) await retireUnsealed(unsealId, dirs, 'nobody waits for it any more')
}
