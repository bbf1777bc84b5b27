import { randomUUID } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import {
  type Address,
  clientDealProposal,
  type Message,
  marketActor,
  marketMethods,
  publishStorageDealsParams,
} from '@sealane/actors'
import { ChainPort, type TipSet } from '@sealane/chain'
import { attoFil } from '@sealane/fil-units'
import { failureOf, Log } from '@sealane/host'
import type { Failure } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { Settings } from '../network/settings.js'
import { nextDay, Policy } from '../policy/policy.js'
import { Wallet } from '../wallet/wallet.js'
import { batchDue } from './batch-due.js'
import { MarketEscrow } from './market-escrow.js'
import { ofThisDeal } from './of-this-deal.js'
import { type Publication, PublicationStore } from './publication-store.js'
import { PublishOptions } from './publish-options.js'
import { retryFacts } from './retry-facts.js'

/** After this many failed simulations a deal is refused: the chain will not take it. */
const MAX_SIMULATIONS = 6

/** Gathers queued deals into one PublishStorageDeals when a batch is due: each paid for, simulated alone, and within the day's caps. */
@Injectable()
export class PublishBatch {
  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly wallet: Wallet,
    private readonly policy: Policy,
    private readonly store: PublicationStore,
    private readonly settings: Settings,
    private readonly escrow: MarketEscrow,
    private readonly messager: Messager,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly options: PublishOptions,
  ) {}

  /** Sends the batch that is due, if one is. Rows that cannot go say why, and wait or are refused. */
  async send(head: TipSet): Promise<void> {
    const now = this.clock.now()
    for (const row of await this.store.queuedUntil(head.height + 1)) {
      const failure = {
        code: 'DEAL_EXPIRED',
        remedy: 'drop' as const,
        text: `start epoch ${row.start_epoch} came before it could be published: ${row.why ?? 'it waited for its batch'}`,
      }
      await writing(this.db, (trx) =>
        this.store.move(trx, row, 'refused', refusedFacts(failure), head.height),
      )
    }
    const waiting = await this.store.queuedDue(now)
    const { batch } = this.options
    const deals = waiting.map((row) => ({ queuedMs: row.queued_ms, startEpoch: row.start_epoch }))
    const saidMs = await this.settings.get('publishNow')
    const due = batchDue(deals, now, head.height, batch, saidMs === undefined ? undefined : Number(saidMs))
    if (due === undefined) return
    // Our own money is bound only for deals whose client has his there.
    const chosen: Publication[] = []
    for (const row of waiting.slice(0, batch.maxDeals)) {
      const lacks = await this.escrow.clientLacks(row, head)
      if (lacks === undefined) chosen.push(row)
      else await this.#later(row, lacks, head)
    }
    if (chosen.length === 0 || !(await this.escrow.toppedUp(chosen, head))) return
    const good: Publication[] = []
    for (const row of chosen) if (await this.#simulated(row, head)) good.push(row)
    if (good.length > 0) await this.#send(good, head, due)
  }

  /** Runs the deal alone on the chain's state. False: the row says why, and waits or is refused. */
  async #simulated(row: Publication, head: TipSet): Promise<boolean> {
    const asked = this.chain.call(await this.#message([row]), head.key)
    const { answer: result, failure: refusal } = await ofThisDeal('it cannot be simulated', asked)
    if (refusal !== undefined) {
      await this.#later(row, refusal, head)
      return false
    }
    if (result.receipt.exitCode === 0) return true
    const text = result.error === '' ? `exit code ${result.receipt.exitCode}` : result.error
    if (row.tries + 1 < MAX_SIMULATIONS) {
      await this.#later(row, { code: 'SIMULATION_FAILED', remedy: 'retry', text }, head)
    } else {
      const failure: Failure = {
        code: 'SIMULATION_FAILED',
        remedy: 'drop',
        text: `the chain refuses this deal: ${text}`,
      }
      await writing(this.db, (trx) =>
        this.store.move(trx, row, 'refused', refusedFacts(failure), head.height),
      )
    }
    return false
  }

  async #later(row: Publication, failure: Failure, head: TipSet): Promise<void> {
    const changes = retryFacts(row, failure, this.clock.now())
    await writing(this.db, (trx) => this.store.note(trx, row, changes, head.height))
  }

  async #message(rows: readonly Publication[]): Promise<Message> {
    return {
      version: 0,
      to: marketActor,
      from: this.wallet.role('worker').address,
      nonce: 0,
      value: attoFil(0n),
      gasLimit: 0,
      gasFeeCap: attoFil(0n),
      gasPremium: attoFil(0n),
      method: marketMethods.PublishStorageDeals,
      params: publishStorageDealsParams.encode({
        deals: rows.map((row) => clientDealProposal.decode(row.signed_proposal)),
      }),
    }
  }

  /** Books each deal on the day's caps (over one: held), and plans one message for the rest. */
  async #send(rows: readonly Publication[], head: TipSet, due: string): Promise<void> {
    const within: Publication[] = []
    for (const row of rows) if (await this.#booked(row, head)) within.push(row)
    if (within.length === 0) return
    const { from, to, value, method, params } = await this.#message(within)
    const requestId = `publish-${randomUUID()}`
    await writing(this.db, async (trx) => {
      const reason = `publish ${within.length} deal${within.length === 1 ? '' : 's'} (${due})`
      const message = await this.messager.request(trx, {
        requestId,
        class: 'publish',
        from,
        to,
        value,
        method,
        params,
        reason,
      })
      for (const [at, row] of within.entries()) {
        const facts = {
          message_uuid: message.uuid,
          batch_index: at,
          message_cid: null,
          why: null,
          failure: null,
          wake_at: null,
        }
        await this.store.move(trx, row, 'sent', facts, head.height)
      }
    })
    this.log.info('publish batch', { deals: within.length, due })
    this.messager.nudge()
  }

  async #booked(row: Publication, head: TipSet): Promise<boolean> {
    if (row.counted_day !== null) return true
    const now = this.clock.now()
    try {
      const changed = await writing(this.db, async (trx) => {
        const counted_day = await this.policy.bookDeal(trx, {
          client: row.client as Address,
          collateral: attoFil(BigInt(row.collateral)),
          paddedSize: BigInt(row.piece_size),
          now,
        })
        return await this.store.note(trx, row, { counted_day }, head.height)
      })
      Object.assign(row, changed)
      return true
    } catch (error) {
      if (!(error instanceof MinerError) || error.facts.code !== 'OVER_CAP') throw error
      const facts = { why: error.message, failure: JSON.stringify(failureOf(error)), wake_at: nextDay(now) }
      await writing(this.db, (trx) => this.store.move(trx, row, 'held', facts, head.height))
      return false
    }
  }
}

function refusedFacts(failure: Failure) {
  return { why: failure.text, failure: JSON.stringify(failure), wake_at: null }
}
