import {
  inFlightStates,
  next,
  type SectorEvent,
  type SectorState,
  sectorTransitions,
} from '@sealane/lifecycle'
import type { Failure } from '@sealane/proto'
import { backoffMs, compareAndSet, type Outbox } from '@sealane/sql'
import { type Kysely, sql, type Transaction } from 'kysely'
import { givePlace } from '../admission/limits.js'
import { putSectorProgress } from '../crossing/put-progress.js'
import { remember, timesSinceHeld } from '../history.js'
import { type Kept, keptColumns } from '../kept.js'
import type { SealerDb, Sector, SectorTable } from '../sealer-db.js'

/** Facts a transition may add to a sector's row. */
export type SectorFacts = Partial<
  Omit<
    SectorTable,
    | 'sector_number'
    | 'state'
    | 'turn'
    | 'state_since_ms'
    | 'wake_at'
    | 'tries'
    | 'counted'
    | 'waiting'
    | 'failure'
    | 'held_from'
  >
>

export interface Move {
  nowMs: number
  detail?: string
  failure?: Failure
}

/** A message that was lost is not sent again at once: each costs gas. First and longest wait. Unit: ms. */
const AFTER_LOSS = { baseMs: 1_000, capMs: 30 * 60_000 }
const losses: readonly SectorEvent[] = ['preCommitLost', 'proveCommitLost']

/** The sectors' rows, and the only hand that changes their state. */
export class SectorStore {
  constructor(
    readonly db: Kysely<SealerDb>,
    private readonly outbox: Outbox,
  ) {}

  async read(sectorNumber: number, db: Kysely<SealerDb> = this.db): Promise<Sector | undefined> {
    return await db
      .selectFrom('sectors')
      .selectAll()
      .where('sector_number', '=', sectorNumber)
      .executeTakeFirst()
  }

  /**
   * Moves a sector along the lifecycle table with what the move learned. Wakes it at once (after a lost message: later and later), gives
   * its place back when its proof exists, and tells abroad about each of its deals. A place once given back is not taken again when a
   * reorg makes a proof worthless: the sector cannot be sent back to the queue. Throws WrongTransition, or SqlError STALE_TURN when the
   * row has moved on.
   */
  async move(
    trx: Transaction<SealerDb>,
    sector: Sector,
    event: SectorEvent,
    facts: SectorFacts,
    o: Move,
  ): Promise<SectorState> {
    const state = next('sector', sectorTransitions, sector.state, event)
    const freed = sector.counted === 1 && state !== 'Held' && !inFlightStates.includes(state)
    const rests = state === 'Held' || state === 'Removed'
    const wakeInMs = losses.includes(event)
      ? backoffMs(await timesSinceHeld(trx, sector.sector_number, event), AFTER_LOSS)
      : 0
    await compareAndSet(trx, 'sectors', { sector_number: sector.sector_number }, sector.turn, {
      ...facts,
      state,
      state_since_ms: o.nowMs,
      wake_at: rests ? null : o.nowMs + wakeInMs,
      tries: 0,
      held_from: state === 'Held' ? sector.state : null,
      counted: freed ? 0 : sector.counted,
      waiting: null,
      failure: o.failure === undefined ? null : JSON.stringify(o.failure),
    })
    // Work on the older turn is of no use any more: its next heartbeat says so.
    await trx
      .updateTable('claims')
      .set({ state: 'expired' })
      .where('sector_number', '=', sector.sector_number)
      .where('state', '=', sql.lit('running'))
      .execute()
    if (freed) await givePlace(trx, sector.kind, sector.sector_number, o.nowMs)
    await remember(trx, {
      thing: 'sector',
      subject: String(sector.sector_number),
      atMs: o.nowMs,
      event,
      state,
      detail: o.detail ?? o.failure?.text ?? '',
    })
    await putSectorProgress(trx, this.outbox, sector.sector_number, o.nowMs)
    return state
  }

  /**
   * Takes over the turn at which the miner already holds this step: our database is older than its record (a restored backup). The next
   * request is newer than what it holds, so it compares, adopts its own living message or refuses, and tells again what became of it.
   */
  async catchUp(trx: Transaction<SealerDb>, sector: Sector, heldTurn: number, nowMs: number): Promise<void> {
    const turn = Math.max(heldTurn, sector.turn) + 1
    const raised = await trx
      .updateTable('sectors')
      .set({ turn, wake_at: nowMs, tries: 0, waiting: null, failure: null })
      .where('sector_number', '=', sector.sector_number)
      .where('turn', '=', sector.turn)
      .executeTakeFirst()
    if (raised.numUpdatedRows !== 1n) return
    await remember(trx, {
      thing: 'sector',
      subject: String(sector.sector_number),
      atMs: nowMs,
      event: 'caughtUp',
      state: sector.state,
      detail: `the miner already holds turn ${heldTurn} of this step: this database is older than its record`,
    })
  }

  /** Adds facts that change no state (a message's CID, a WindowPoSt), and tells abroad. */
  async note(
    trx: Transaction<SealerDb>,
    sectorNumber: number,
    facts: SectorFacts,
    nowMs: number,
  ): Promise<void> {
    if (Object.keys(facts).length > 0) {
      await trx.updateTable('sectors').set(facts).where('sector_number', '=', sectorNumber).execute()
    }
    await putSectorProgress(trx, this.outbox, sectorNumber, nowMs)
  }

  /** Notes what a sector waits for, or what failed and when to try again; its state and turn stay. */
  async keep(trx: Transaction<SealerDb>, sector: Sector, o: Kept): Promise<void> {
    const kept = keptColumns(sector, o)
    await trx
      .updateTable('sectors')
      .set(kept)
      .where('sector_number', '=', sector.sector_number)
      .where('turn', '=', sector.turn)
      .execute()
    if (kept.waiting !== sector.waiting || kept.failure !== sector.failure) {
      await putSectorProgress(trx, this.outbox, sector.sector_number, o.nowMs)
    }
  }
}
