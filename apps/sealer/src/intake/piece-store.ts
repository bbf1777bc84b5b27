import { next, type PieceEvent, type PieceState, pieceTransitions } from '@sealane/lifecycle'
import type { Failure } from '@sealane/proto'
import { compareAndSet, type Outbox } from '@sealane/sql'
import type { Kysely, Transaction } from 'kysely'
import { putProgress } from '../crossing/put-progress.js'
import { remember } from '../history.js'
import { type Kept, keptColumns } from '../kept.js'
import type { Piece, PieceTable, SealerDb } from '../sealer-db.js'

export type PieceFacts = Partial<
  Pick<PieceTable, 'publication_state' | 'publish_cid' | 'deal_id' | 'sector_number' | 'padded_offset'>
>

/** States in which a piece waits for others: its sector, a person, nobody. */
const resting: readonly PieceState[] = ['InSector', 'Sealed', 'Held']

/** Pieces at home, and the only hand that changes their state. */
export class PieceStore {
  constructor(
    readonly db: Kysely<SealerDb>,
    readonly outbox: Outbox,
  ) {}

  async read(dealUuid: string, db: Kysely<SealerDb> = this.db): Promise<Piece | undefined> {
    return await db.selectFrom('pieces').selectAll().where('deal_uuid', '=', dealUuid).executeTakeFirst()
  }

  /** Moves a piece along the lifecycle table and tells abroad. Throws WrongTransition or SqlError STALE_TURN. */
  async move(
    trx: Transaction<SealerDb>,
    piece: Piece,
    event: PieceEvent,
    facts: PieceFacts,
    o: { nowMs: number; detail?: string; failure?: Failure },
  ): Promise<PieceState> {
    const state = next('piece', pieceTransitions, piece.state, event)
    await compareAndSet(trx, 'pieces', { deal_uuid: piece.deal_uuid }, piece.turn, {
      ...facts,
      state,
      state_since_ms: o.nowMs,
      wake_at: resting.includes(state) ? null : o.nowMs,
      tries: 0,
      held_from: state === 'Held' ? piece.state : null,
      waiting: null,
      failure: o.failure === undefined ? null : JSON.stringify(o.failure),
    })
    await remember(trx, {
      thing: 'piece',
      subject: piece.deal_uuid,
      atMs: o.nowMs,
      event,
      state,
      detail: o.detail ?? o.failure?.text ?? '',
    })
    await putProgress(trx, this.outbox, piece.deal_uuid, o.nowMs)
    return state
  }

  /** Adds facts that change no state, and tells abroad. */
  async note(trx: Transaction<SealerDb>, dealUuid: string, facts: PieceFacts, nowMs: number): Promise<void> {
    await trx.updateTable('pieces').set(facts).where('deal_uuid', '=', dealUuid).execute()
    await putProgress(trx, this.outbox, dealUuid, nowMs)
  }

  /** Notes what a piece waits for, or what failed and when to try again. */
  async keep(trx: Transaction<SealerDb>, piece: Piece, o: Kept): Promise<void> {
    const kept = keptColumns(piece, o)
    await trx
      .updateTable('pieces')
      .set(kept)
      .where('deal_uuid', '=', piece.deal_uuid)
      .where('turn', '=', piece.turn)
      .execute()
    if (kept.waiting !== piece.waiting || kept.failure !== piece.failure) {
      await putProgress(trx, this.outbox, piece.deal_uuid, o.nowMs)
    }
  }
}
