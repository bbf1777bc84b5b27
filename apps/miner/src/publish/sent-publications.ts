import { Injectable } from '@nestjs/common'
import { publishedDealIds, publishStorageDealsParams, publishStorageDealsReturn } from '@sealane/actors'
import type { TipSet } from '@sealane/chain'
import { Log } from '@sealane/host'
import type { Failure } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { MessageStore, type StoredMessage } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { messageLost } from '../sectors/message-lost.js'
import { type Publication, PublicationStore } from './publication-store.js'
import { retryFacts } from './retry-facts.js'

/** A batch whose gas estimate failed this often is taken apart. */
const MAX_BATCH_TRIES = 3

/** Follows PublishStorageDeals messages: deal ids at confidence, deals queued again when theirs was lost, split or reverted. */
@Injectable()
export class SentPublications {
  constructor(
    private readonly db: MinerDb,
    private readonly store: PublicationStore,
    private readonly messages: MessageStore,
    private readonly messager: Messager,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** One look at every sent or published deal's message. True when a batch was taken apart: its deals can go again at once. */
  async follow(head: TipSet): Promise<boolean> {
    for (const row of await this.store.reverted()) {
      await writing(this.db, (trx) =>
        this.store.move(
          trx,
          row,
          'reverted',
          { deal_id: null, why: 'a reorg took the publish message back' },
          head.height,
        ),
      )
    }
    let split = false
    const sent = await this.store.inState('Sent')
    const uuids = new Set(sent.flatMap((row) => (row.message_uuid === null ? [] : [row.message_uuid])))
    for (const uuid of uuids) {
      const message = await this.messages.byUuid(uuid)
      if (message === undefined) continue
      const rows = await this.store.ofMessage(this.db, uuid)
      const lost = messageLost(message)
      if (lost !== undefined) await this.#lost(rows, lost, head)
      else if (await this.#stuck(rows, message, head)) split = true
      else if (message.state === 'Confirmed') await this.#landed(rows, message, head)
      else await this.#note(rows, message, head)
    }
    return split
  }

  /**
   * A message that cannot be signed is taken back, so that its deals are judged alone again: when its simulation keeps failing (one of
   * them went bad in the queue), or when the start of one has come.
   */
  async #stuck(rows: readonly Publication[], message: StoredMessage, head: TipSet): Promise<boolean> {
    if (message.state !== 'Planned' && message.state !== 'Held') return false
    const expired = rows.some((row) => row.start_epoch <= head.height + 1)
    const refused = message.tries >= MAX_BATCH_TRIES && message.failure?.includes('EXECUTION_FAILED') === true
    if (!expired && !refused) return false
    const why = expired
      ? 'the start epoch of one of its deals came'
      : `its simulation failed: ${message.why ?? ''}`
    return await this.messager.withdraw(
      message.uuid,
      new MinerError({ code: 'BATCH_SPLIT', reason: why }, why),
    )
  }

  async #note(rows: readonly Publication[], message: StoredMessage, head: TipSet): Promise<void> {
    const { cid, why } = message
    for (const row of rows) {
      if (row.state !== 'Sent' || (row.message_cid === cid && row.why === why)) continue
      await writing(this.db, (trx) => this.store.note(trx, row, { message_cid: cid, why }, head.height))
    }
  }

  /** Reads the deal ids by the `valid_deals` bitfield, never by position alone. A deal the actor dropped is queued again, alone to judge. */
  async #landed(rows: readonly Publication[], message: StoredMessage, head: TipSet): Promise<void> {
    // Counted in the message: rows that were told as dropped before a process died are not its rows any more.
    const { deals } = publishStorageDealsParams.decode(message.params)
    const ids = publishedDealIds(
      deals.length,
      publishStorageDealsReturn.decode(message.return_data ?? new Uint8Array()),
    )
    for (const row of rows) {
      if (row.state !== 'Sent') continue
      const dealId = row.batch_index === null ? undefined : ids[row.batch_index]
      await writing(this.db, async (trx) => {
        if (dealId === undefined) {
          const failure: Failure = {
            code: 'DEAL_DROPPED',
            remedy: 'retry',
            text: `PublishStorageDeals ${message.cid} landed without this deal`,
          }
          await this.store.move(trx, row, 'lost', this.#again(row, failure), head.height)
        } else {
          await this.store.move(
            trx,
            row,
            'landed',
            { deal_id: dealId, message_cid: message.cid, why: null, failure: null, tries: 0 },
            head.height,
          )
        }
      })
      this.log.info('deal published', { requestId: row.request_id, dealId, cid: message.cid })
    }
  }

  async #lost(rows: readonly Publication[], failure: Failure, head: TipSet): Promise<void> {
    for (const row of rows) {
      if (row.state !== 'Sent') continue
      await writing(this.db, (trx) =>
        this.store.move(trx, row, 'lost', this.#again(row, failure), head.height),
      )
    }
    this.log.error('publish message lost, its deals are queued again', { ...failure })
  }

  #again(row: Publication, failure: Failure) {
    const unsent = { message_uuid: null, batch_index: null, message_cid: null }
    return { ...unsent, ...retryFacts(row, failure, this.clock.now()) }
  }
}
