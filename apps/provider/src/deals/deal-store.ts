import { type DealEvent, type DealState, dealFinal, dealTransitions, next } from '@sealane/lifecycle'
import { type Clash, type DealParams, dealParams } from '@sealane/market'
import type { Failure, Waiting } from '@sealane/proto'
import { compareAndSet, insertRows } from '@sealane/sql'
import { type Insertable, type Kysely, sql, type Updateable } from 'kysely'
import type { Clock } from '../clock.js'
import type { DealTable, ProviderDb, ProviderTables, ProviderTransaction } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'
import { goTime } from './go-time.js'

type Reader = Kysely<ProviderTables>
type ClashQuery = ReturnType<typeof clashesIn>

/** Columns that a move may change beside the state. */
export type DealChanges = Omit<
  Updateable<DealTable>,
  'deal_uuid' | 'turn' | 'state' | 'state_since_ms' | 'live'
>

/** The rows of deals and their logs. Every change of state goes through the lifecycle table. */
export class DealStore {
  /** Every proposal asks this: put together once. */
  readonly #clashes: ClashQuery

  constructor(
    readonly db: ProviderDb,
    private readonly clock: Clock,
  ) {
    this.#clashes = clashesIn(db)
  }

  async read(dealUuid: string, from: Reader = this.db): Promise<DealTable | undefined> {
    return await from.selectFrom('deals').selectAll().where('deal_uuid', '=', dealUuid).executeTakeFirst()
  }

  /** @throws {ProviderError} DEAL_UNKNOWN */
  async get(dealUuid: string, from: Reader = this.db): Promise<DealTable> {
    const deal = await this.read(dealUuid, from)
    if (deal === undefined) throw new ProviderError({ code: 'DEAL_UNKNOWN', id: dealUuid })
    return deal
  }

  /** The live deal with this normalised proposal CID, and any deal with this uuid. */
  async clashes(
    normalisedCid: string,
    dealUuid: string,
    from: Reader = this.db,
  ): Promise<{ identical: Clash | 'none'; sameUuid: Clash | 'none' }> {
    const query: ClashQuery = { ...this.#clashes, parameters: [normalisedCid, dealUuid] }
    const { rows } = await from.executeQuery(query)
    const identical = rows.find((row) => row.live === 1 && row.normalised_cid === normalisedCid)
    return {
      identical: clashOf(identical),
      sameUuid: clashOf(rows.find((row) => row.deal_uuid === dealUuid)),
    }
  }

  /**
   * The deal that an operator means: by uuid, proposal CID, signed proposal CID, publish CID, deal id or piece CID, or
   * by a tail of a CID or head of a uuid that only one deal has.
   * @throws {ProviderError} DEAL_UNKNOWN, DEAL_AMBIGUOUS
   */
  async find(id: string): Promise<DealTable> {
    const text = id.trim()
    const whole = await this.db
      .selectFrom('deals')
      .selectAll()
      .where((eb) =>
        eb.or([
          eb('deal_uuid', '=', text.toLowerCase()),
          eb('proposal_cid', '=', text),
          eb('normalised_cid', '=', text),
          eb('signed_proposal_cid', '=', text),
          eb('publish_cid', '=', text),
          eb('piece_cid', '=', text),
          ...(/^\d{1,15}$/.test(text) ? [eb('deal_id', '=', Number(text))] : []),
        ]),
      )
      .orderBy('created_ms', 'desc')
      .limit(2)
      .execute()
    const found = whole.length > 0 || text.length < 4 ? whole : await this.#byPart(text.replace(/^\.{3}/, ''))
    const [deal] = found
    if (deal === undefined) throw new ProviderError({ code: 'DEAL_UNKNOWN', id })
    if (found.length > 1) throw new ProviderError({ code: 'DEAL_AMBIGUOUS', id, matches: found.length })
    return deal
  }

  /** Newest first. */
  async list(o: { state?: string | undefined; limit: number }): Promise<DealTable[]> {
    let query = this.db.selectFrom('deals').selectAll().orderBy('created_ms', 'desc').limit(o.limit)
    if (o.state !== undefined) query = query.where('state', '=', o.state as DealState)
    return await query.execute()
  }

  /** Bytes of verified pieces that wait in staging. */
  async stagedBytes(): Promise<number> {
    const { bytes } = await this.db
      .selectFrom('deals')
      .select((eb) => eb.fn.sum<number | null>('staging_reserved').as('bytes'))
      .where('staged', '=', sql.lit(1))
      .executeTakeFirstOrThrow()
    return bytes ?? 0
  }

  /** How many sectors of our live deals are in each state, as home last told. */
  async sectorStates(): Promise<Record<string, number>> {
    const rows = await this.db
      .selectFrom('deals')
      .select((eb) => ['sector_state', eb.fn.count<number>('sector_number').distinct().as('sectors')])
      .where('sector_state', 'is not', null)
      .groupBy('sector_state')
      .execute()
    return Object.fromEntries(rows.map((row) => [row.sector_state ?? '', Number(row.sectors)]))
  }

  /** The whole message of a deal, as its client sent it. */
  params(deal: DealTable): DealParams {
    return dealParams.decode(deal.params)
  }

  /** Writes a deal that is accepted now, and how its log begins. Fails on the unique indexes when it clashes with another. */
  insert(trx: ProviderTransaction, row: Insertable<DealTable>): void {
    insertRows(trx, 'deals', [row])
    const line = { deal_uuid: row.deal_uuid, at_ms: row.created_ms, state: row.state }
    const accepted = { ...line, event: 'accepted', state: 'Accepted', detail: `from peer ${row.peer_id}` }
    if (row.state === 'Accepted') insertRows(trx, 'deal_log', [accepted])
    else insertRows(trx, 'deal_log', [accepted, { ...line, event: 'dataAwaited', detail: '' }])
  }

  /**
   * Moves a deal by one event and returns its row as it is now.
   * @throws {WrongTransition} when the event cannot happen in this state
   * @throws {SqlError} STALE_TURN when the row has moved on since it was read
   */
  async move(
    trx: ProviderTransaction,
    deal: DealTable,
    event: DealEvent,
    changes: DealChanges & { failure?: string | null; waiting?: string | null } = {},
    detail = '',
  ): Promise<DealTable> {
    const state = next('deal', dealTransitions, deal.state, event)
    const live = dealFinal.includes(state) ? 0 : 1
    const row = { waiting: null, ...changes, state, state_since_ms: this.clock.now(), live }
    const turn = await compareAndSet(trx, 'deals', { deal_uuid: deal.deal_uuid }, deal.turn, row)
    await this.note(trx, deal.deal_uuid, event, state, detail)
    return { ...deal, ...row, turn } as DealTable
  }

  /** Changes columns of a deal that stays in its state. */
  async update(trx: ProviderTransaction, deal: DealTable, changes: DealChanges): Promise<DealTable> {
    const turn = await compareAndSet(trx, 'deals', { deal_uuid: deal.deal_uuid }, deal.turn, changes)
    return { ...deal, ...changes, turn } as DealTable
  }

  async log(dealUuid: string) {
    return await this.db
      .selectFrom('deal_log')
      .select(['at_ms', 'event', 'state', 'detail'])
      .where('deal_uuid', '=', dealUuid)
      .orderBy('id')
      .execute()
  }

  /** Adds a line to a deal's log. */
  async note(
    trx: ProviderTransaction,
    dealUuid: string,
    event: string,
    state: string,
    detail: string,
  ): Promise<void> {
    const at_ms = this.clock.now()
    await trx.insertInto('deal_log').values({ deal_uuid: dealUuid, at_ms, event, state, detail }).execute()
  }

  async #byPart(text: string): Promise<DealTable[]> {
    if (!/^[0-9a-zA-Z-]+$/.test(text)) return []
    return await this.db
      .selectFrom('deals')
      .selectAll()
      .where((eb) =>
        eb.or([
          eb('deal_uuid', 'like', `${text.toLowerCase()}%`),
          eb('proposal_cid', 'like', `%${text}`),
          eb('signed_proposal_cid', 'like', `%${text}`),
          eb('publish_cid', 'like', `%${text}`),
          eb('piece_cid', 'like', `%${text}`),
        ]),
      )
      .orderBy('created_ms', 'desc')
      .limit(2)
      .execute()
  }
}

/** Deals with a live normalised proposal CID, or a uuid: its two parameters, in this order. */
function clashesIn(db: ProviderDb) {
  return db
    .selectFrom('deals')
    .select(['deal_uuid', 'created_ms', 'normalised_cid', 'live'])
    .where((eb) =>
      eb.or([eb.and([eb('normalised_cid', '=', ''), eb('live', '=', sql.lit(1))]), eb('deal_uuid', '=', '')]),
    )
    .compile()
}

function clashOf(deal: Pick<DealTable, 'deal_uuid' | 'created_ms'> | undefined): Clash | 'none' {
  return deal === undefined ? 'none' : { dealUuid: deal.deal_uuid, proposedAt: goTime(deal.created_ms) }
}

/** A failure or waiting as its column holds it. */
export function columnOf(value: Failure | Waiting | null): string | null {
  return value === null ? null : JSON.stringify(value)
}
