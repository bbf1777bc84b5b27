import {
  inFlightStates,
  next,
  type SectorEvent,
  type SectorState,
  sectorTransitions,
} from '@sealane/lifecycle'
import type { Failure, Waiting } from '@sealane/proto'
import { compareAndSet, type Outbox } from '@sealane/sql'
import type { Kysely, Transaction } from 'kysely'
import { givePlace } from '../admission/limits.js'
import { putSectorProgress } from '../crossing/put-progress.js'
import { remember } from '../history.js'
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

export interface Kept {
  nowMs: number
  /** Null: an event will wake it. */
  wakeInMs: number | null
  waiting: Omit<Waiting, 'sinceMs'> | null
  failure: Failure | null
  /** Counts a try, which gives the next job a new id and the next wait a longer back-off. */
  retry: boolean
}

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
   * Moves a sector along the lifecycle table with what the move learned. Wakes it at once, gives its place back when its proof
   * exists, and tells abroad about each of its deals. Throws WrongTransition, or SqlError STALE_TURN when the row has moved on.
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
    await compareAndSet(trx, 'sectors', { sector_number: sector.sector_number }, sector.turn, {
      ...facts,
      state,
      state_since_ms: o.nowMs,
      wake_at: state === 'Held' ? null : o.nowMs,
      tries: 0,
      held_from: state === 'Held' ? sector.state : null,
      counted: freed ? 0 : sector.counted,
      waiting: null,
      failure: o.failure === undefined ? null : JSON.stringify(o.failure),
    })
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
    const waiting =
      o.waiting === null ? null : JSON.stringify({ ...o.waiting, sinceMs: sector.state_since_ms })
    const failure = o.failure === null ? null : JSON.stringify(o.failure)
    await trx
      .updateTable('sectors')
      .set({
        wake_at: o.wakeInMs === null ? null : o.nowMs + o.wakeInMs,
        tries: o.retry ? sector.tries + 1 : sector.tries,
        waiting,
        failure,
      })
      .where('sector_number', '=', sector.sector_number)
      .where('turn', '=', sector.turn)
      .execute()
    if (waiting !== sector.waiting || failure !== sector.failure) {
      await putSectorProgress(trx, this.outbox, sector.sector_number, o.nowMs)
    }
  }
}
