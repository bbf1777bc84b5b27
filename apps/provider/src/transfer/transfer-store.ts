import { next, type TransferEvent, transferTransitions } from '@sealane/lifecycle'
import { compareAndSet, insertRows } from '@sealane/sql'
import { type Insertable, type Kysely, sql, type Updateable } from 'kysely'
import type { Clock } from '../clock.js'
import type {
  DealTable,
  ProviderDb,
  ProviderTables,
  ProviderTransaction,
  TransferTable,
} from '../provider-db.js'

type TransferChanges = Omit<Updateable<TransferTable>, 'deal_uuid' | 'turn' | 'state' | 'state_since_ms'>

/** The rows of transfers: one for each deal, from acceptance on. */
export class TransferStore {
  constructor(
    readonly db: ProviderDb,
    private readonly clock: Clock,
  ) {}

  insert(trx: ProviderTransaction, deal: Insertable<DealTable>, offline: boolean): void {
    const row: TransferTable = {
      deal_uuid: deal.deal_uuid,
      turn: 1,
      state: offline ? 'AwaitingImport' : 'Queued',
      state_since_ms: deal.created_ms,
      wake_at: offline ? null : deal.created_ms,
      tries: 0,
      total_bytes: deal.transfer_size,
      received_bytes: 0,
      restarts: 0,
      validator: null,
      import_path: null,
      failure: null,
    }
    insertRows(trx, 'transfers', [row])
  }

  async read(dealUuid: string, from: Kysely<ProviderTables> = this.db): Promise<TransferTable | undefined> {
    return await from.selectFrom('transfers').selectAll().where('deal_uuid', '=', dealUuid).executeTakeFirst()
  }

  async get(dealUuid: string, from: Kysely<ProviderTables> = this.db): Promise<TransferTable> {
    return await from
      .selectFrom('transfers')
      .selectAll()
      .where('deal_uuid', '=', dealUuid)
      .executeTakeFirstOrThrow()
  }

  /** Transfers whose `wake_at` has come, the longest due first; `after`: only those behind this one. */
  async due(now: number, limit: number, after?: TransferTable): Promise<TransferTable[]> {
    let query = this.db.selectFrom('transfers').selectAll().where('wake_at', '<=', now)
    if (after !== undefined) {
      query = query.where(sql<boolean>`(wake_at, deal_uuid) > (${after.wake_at}, ${after.deal_uuid})`)
    }
    return await query.orderBy('wake_at').orderBy('deal_uuid').limit(limit).execute()
  }

  /** Those of many deals, by uuid. */
  async of(dealUuids: readonly string[]): Promise<Map<string, TransferTable>> {
    if (dealUuids.length === 0) return new Map()
    const rows = await this.db
      .selectFrom('transfers')
      .selectAll()
      .where('deal_uuid', 'in', dealUuids)
      .execute()
    return new Map(rows.map((row) => [row.deal_uuid, row]))
  }

  /** Moves a transfer by one event. @throws {WrongTransition} @throws {SqlError} STALE_TURN */
  async move(
    trx: ProviderTransaction,
    transfer: TransferTable,
    event: TransferEvent,
    changes: TransferChanges = {},
  ): Promise<TransferTable> {
    const state = next('transfer', transferTransitions, transfer.state, event)
    const row = { wake_at: null, ...changes, state, state_since_ms: this.clock.now() }
    const turn = await compareAndSet(trx, 'transfers', { deal_uuid: transfer.deal_uuid }, transfer.turn, row)
    return { ...transfer, ...row, turn } as TransferTable
  }

  /** Takes a transfer off the list of due ones, in its state. */
  async asleep(trx: ProviderTransaction, transfer: TransferTable): Promise<TransferTable> {
    const key = { deal_uuid: transfer.deal_uuid }
    const turn = await compareAndSet(trx, 'transfers', key, transfer.turn, { wake_at: null })
    return { ...transfer, wake_at: null, turn }
  }

  /** Keeps what has come so far, for people and for after a crash. Not a transition: the turn stays. */
  async received(dealUuid: string, receivedBytes: number): Promise<void> {
    await this.db
      .updateTable('transfers')
      .set({ received_bytes: receivedBytes })
      .where('deal_uuid', '=', dealUuid)
      .where('state', '=', 'Running')
      .execute()
  }
}
