import { knows, type PieceEvent, pieceTransitions } from '@sealane/lifecycle'
import type { Failure, minerV1 } from '@sealane/proto'
import type { Kysely, Transaction } from 'kysely'
import type { PieceFacts, PieceStore } from '../intake/piece-store.js'
import type { Piece, SealerDb } from '../sealer-db.js'
import { failureFrom } from './failure-from.js'

/** The miner's last word on a deal's publication. */
export interface ToldPublication {
  state: string
  message_cid: string | null
  deal_id: number | null
  failure: string | null
}

/** Keeps the miner's word on a deal, whether or not its piece is known yet. */
export async function keepPublication(
  trx: Kysely<SealerDb>,
  told: minerV1.PublicationChanged,
): Promise<void> {
  const failure = failureFrom(told.refusal)
  const row = {
    state: told.state,
    message_cid: told.messageCid === '' ? null : told.messageCid,
    deal_id: told.state === 'Published' ? told.dealId : null,
    failure: failure === undefined ? null : JSON.stringify(failure),
  }
  await trx
    .insertInto('told_publications')
    .values({ deal_uuid: told.requestId, ...row })
    .onConflict((conflict) => conflict.column('deal_uuid').doUpdateSet(row))
    .execute()
}

export async function readPublication(
  db: Kysely<SealerDb>,
  dealUuid: string,
): Promise<ToldPublication | undefined> {
  return await db
    .selectFrom('told_publications')
    .selectAll()
    .where('deal_uuid', '=', dealUuid)
    .executeTakeFirst()
}

/** What the miner's word makes of a piece as it stands; undefined when the row shows it already, or cannot take it. Pure. */
export function nextPublicationEvent(
  piece: Piece,
  told: ToldPublication,
): { event: PieceEvent; facts: PieceFacts; failure?: Failure } | undefined {
  const failure = told.failure === null ? undefined : (JSON.parse(told.failure) as Failure)
  const event = eventOf(piece, told, failure)
  if (event === undefined || !knows(pieceTransitions, piece.state, event)) return undefined
  return { event, facts: factsOf(piece, told), ...(failure === undefined ? {} : { failure }) }
}

function eventOf(piece: Piece, told: ToldPublication, failure: Failure | undefined): PieceEvent | undefined {
  if (piece.state === 'Publishing') {
    if (told.state === 'Published') return 'published'
    if (told.state === 'Refused') return failure?.remedy === 'hold' ? 'held' : 'dropped'
  }
  // A reorg took the publish message back: the deal may get another id, or none.
  if (piece.state === 'Published' && told.state !== 'Published') return 'publishReverted'
  return undefined
}

/** A deal in a sector may get another id when its publish message lands again after a reorg: ids are used only at ProveCommit. */
export function factsOf(piece: Piece, told: ToldPublication): PieceFacts {
  return {
    publication_state: told.state,
    publish_cid: told.message_cid ?? piece.publish_cid,
    ...(told.deal_id === null ? {} : { deal_id: told.deal_id }),
  }
}

/** Applies the miner's word to a piece that is known. Returns true when it moved. */
export async function followPublication(
  trx: Transaction<SealerDb>,
  dealUuid: string,
  pieces: PieceStore,
  nowMs: number,
): Promise<boolean> {
  const piece = await pieces.read(dealUuid, trx)
  const told = await readPublication(trx, dealUuid)
  if (piece === undefined || told === undefined) return false
  const found = nextPublicationEvent(piece, told)
  if (found === undefined) {
    await pieces.note(trx, dealUuid, factsOf(piece, told), nowMs)
    return false
  }
  const { event, facts, failure } = found
  await pieces.move(trx, piece, event, facts, { nowMs, ...(failure === undefined ? {} : { failure }) })
  return true
}
