import { Injectable } from '@nestjs/common'
import { next, type PublicationEvent, publicationTransitions } from '@sealane/lifecycle'
import type { Failure } from '@sealane/proto'
import { compareAndSet } from '@sealane/sql'
import type { Selectable } from 'kysely'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction, type PublicationTable } from '../database.js'
import { EventStore } from '../events/event-store.js'

export type Publication = Selectable<PublicationTable>

/** Rows that one look reads at most. */
const LOOK = 2_000

/** Rows of proposals on their way onto the chain; each change of state is told home in the same transaction. */
@Injectable()
export class PublicationStore {
  constructor(
    private readonly db: MinerDb,
    private readonly events: EventStore,
    private readonly clock: Clock,
  ) {}

  async find(requestId: string): Promise<Publication | undefined> {
    return await this.db
      .selectFrom('publications')
      .selectAll()
      .where('request_id', '=', requestId)
      .executeTakeFirst()
  }

  async ofProposal(proposalCid: string): Promise<Publication | undefined> {
    return await this.db
      .selectFrom('publications')
      .selectAll()
      .where('proposal_cid', '=', proposalCid)
      .executeTakeFirst()
  }

  async inState(state: Publication['state']): Promise<Publication[]> {
    return await this.db
      .selectFrom('publications')
      .selectAll()
      .where('state', '=', state)
      .orderBy('start_epoch')
      .orderBy('queued_ms')
      .limit(LOOK)
      .execute()
  }

  /** Queued deals whose start epoch has come by `epoch`. */
  async queuedUntil(epoch: number): Promise<Publication[]> {
    return await this.db
      .selectFrom('publications')
      .selectAll()
      .where('state', '=', 'Queued')
      .where('start_epoch', '<=', epoch)
      .limit(LOOK)
      .execute()
  }

  /**
   * Queued deals to look at now: those tried least come first. Deals of clients who cannot pay, however many there are and however
   * near their start, so stand behind every deal that has not been tried.
   */
  async queuedDue(now: number): Promise<Publication[]> {
    return await this.db
      .selectFrom('publications')
      .selectAll()
      .where('state', '=', 'Queued')
      .where((eb) => eb.or([eb('wake_at', 'is', null), eb('wake_at', '<=', now)]))
      .orderBy('tries')
      .orderBy('start_epoch')
      .orderBy('queued_ms')
      .limit(LOOK)
      .execute()
  }

  async all(limit: number): Promise<Publication[]> {
    return await this.db
      .selectFrom('publications')
      .selectAll()
      .orderBy('queued_ms', 'desc')
      .limit(limit)
      .execute()
  }

  async ofMessage(trx: MinerTransaction | MinerDb, messageUuid: string): Promise<Publication[]> {
    return await trx
      .selectFrom('publications')
      .selectAll()
      .where('message_uuid', '=', messageUuid)
      .orderBy('batch_index')
      .execute()
  }

  /** Published deals whose message is not settled any more. */
  async reverted(): Promise<Publication[]> {
    return await this.db
      .selectFrom('messages')
      .innerJoin('publications', 'publications.message_uuid', 'messages.uuid')
      .selectAll('publications')
      .where('messages.settled', '=', 0)
      .where('publications.state', '=', 'Published')
      .execute()
  }

  async queue(
    trx: MinerTransaction,
    row: Pick<
      PublicationTable,
      | 'request_id'
      | 'proposal_cid'
      | 'signed_proposal'
      | 'client'
      | 'piece_cid'
      | 'piece_size'
      | 'start_epoch'
      | 'end_epoch'
      | 'collateral'
    >,
    headEpoch: number,
  ): Promise<void> {
    const now = this.clock.now()
    const stored = await trx
      .insertInto('publications')
      .values({ ...row, state: 'Queued', state_since_ms: now, queued_ms: now, turn: 0, tries: 0 })
      .returningAll()
      .executeTakeFirstOrThrow()
    await this.#tell(trx, stored, headEpoch)
  }

  async move(
    trx: MinerTransaction,
    row: Publication,
    event: PublicationEvent,
    changes: Partial<PublicationTable>,
    headEpoch: number,
  ): Promise<Publication> {
    const state = next('publication', publicationTransitions, row.state, event)
    return await this.#save(trx, row, { ...changes, state, state_since_ms: this.clock.now() }, headEpoch)
  }

  /** Changes facts without changing the state, and tells home when they are facts it shows. */
  async note(
    trx: MinerTransaction,
    row: Publication,
    changes: Partial<PublicationTable>,
    headEpoch: number,
  ): Promise<Publication> {
    return await this.#save(trx, row, changes, headEpoch)
  }

  async #save(
    trx: MinerTransaction,
    row: Publication,
    changes: Partial<PublicationTable>,
    headEpoch: number,
  ): Promise<Publication> {
    const turn = await compareAndSet(trx, 'publications', { request_id: row.request_id }, row.turn, changes)
    const now: Publication = { ...row, ...changes, turn }
    const shown = (one: Publication) =>
      [one.state, one.why, one.message_cid, one.deal_id, one.failure].join('|')
    if (shown(now) !== shown(row)) await this.#tell(trx, now, headEpoch)
    return now
  }

  async #tell(trx: MinerTransaction, row: Publication, headEpoch: number): Promise<void> {
    const failure = row.failure === null ? undefined : (JSON.parse(row.failure) as Failure)
    await this.events.append(trx, headEpoch, {
      $case: 'publication',
      value: {
        requestId: row.request_id,
        proposalCid: row.proposal_cid,
        state: row.state,
        messageCid: row.message_cid ?? '',
        dealId: row.deal_id ?? 0,
        refusal: row.state === 'Refused' || row.state === 'Held' ? failure : undefined,
        why: row.why ?? '',
      },
    })
  }
}
