import { randomUUID } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import {
  type Address,
  addBalanceParams,
  type ClientDealProposal,
  clientDealProposal,
  dealProposalCid,
  type Message,
  marketActor,
  marketMethods,
  protocolOfAddress,
  publishedDealIds,
  publishStorageDealsParams,
  publishStorageDealsReturn,
} from '@sealane/actors'
import { ChainPort, type TipSet } from '@sealane/chain'
import { type AttoFil, attoFil, formatFil } from '@sealane/fil-units'
import { codeOf, failureOf, Health, Log, remedyOf } from '@sealane/host'
import type { Failure } from '@sealane/proto'
import { backoffMs, writing } from '@sealane/sql'
import { sql } from 'kysely'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { RoomLoop } from '../loops/room-loop.js'
import { MessageStore, type StoredMessage } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { Settings } from '../network/settings.js'
import { nextDay, Policy } from '../policy/policy.js'
import { messageLost } from '../sectors/message-lost.js'
import { Wallet } from '../wallet/wallet.js'
import { type BatchRules, batchDue } from './batch-due.js'
import { type DealTerms, judgeProposal } from './judge-proposal.js'
import { type Publication, PublicationStore } from './publication-store.js'

export class PublishOptions {
  constructor(
    readonly batch: BatchRules,
    readonly terms: DealTerms,
  ) {}
}

/** Longest CBOR of a signed proposal that is read at all. Boost's own messages are < 4 KiB. Unit: bytes. */
const MAX_PROPOSAL_BYTES = 16 * 1024
/** After this many failed simulations a deal is refused: the chain will not take it. */
const MAX_SIMULATIONS = 6
/** A batch whose gas estimate failed this often is taken apart. */
const MAX_BATCH_TRIES = 3
const RETRY = { baseMs: 1_000, capMs: 60_000 }

/**
 * Publishes deals: judges each proposal, gathers batches by size, time and start-epoch pressure, simulates every deal alone so that
 * one bad deal never spoils another's, tops up escrow, sends PublishStorageDeals, and reads deal ids at confidence.
 */
@Injectable()
export class Publications {
  readonly #loop: RoomLoop

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly settings: Settings,
    private readonly actor: MinerActor,
    private readonly wallet: Wallet,
    private readonly policy: Policy,
    private readonly store: PublicationStore,
    private readonly messages: MessageStore,
    private readonly messager: Messager,
    private readonly clock: Clock,
    private readonly log: Log,
    health: Health,
    private readonly options: PublishOptions,
  ) {
    this.#loop = new RoomLoop({
      room: 'publish',
      log,
      health: health.room('publish'),
      everyMs: 500,
      round: () => this.round(),
    })
    this.watch.onHead(() => this.#loop.nudge())
  }

  start(): void {
    this.#loop.start()
  }
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /**
   * Takes a signed proposal for publishing, once per request id (the deal's uuid). A refusal that holds for ever is the answer;
   * trouble with the chain is thrown (`retry`).
   */
  async publish(
    requestId: string,
    signedProposal: Uint8Array,
  ): Promise<{ proposalCid: string; refusal: Failure | undefined }> {
    const known = await this.store.find(requestId)
    if (known !== undefined) {
      if (Buffer.compare(known.signed_proposal, signedProposal) !== 0) {
        throw new MinerError({ code: 'REQUEST_REUSED', requestId, differs: 'the proposal' })
      }
      const failure =
        known.state === 'Refused' && known.failure !== null
          ? (JSON.parse(known.failure) as Failure)
          : undefined
      return { proposalCid: known.proposal_cid, refusal: failure }
    }
    let proposalCid = ''
    try {
      const signed = decodeProposal(requestId, signedProposal)
      proposalCid = dealProposalCid(signed.proposal)
      await this.#admit(requestId, signed, signedProposal)
      this.#loop.nudge()
      return { proposalCid, refusal: undefined }
    } catch (error) {
      if (remedyOf(error) !== 'drop') throw error
      this.log.warn('proposal refused', { requestId, code: codeOf(error), error })
      return { proposalCid, refusal: failureOf(error) }
    }
  }

  async #admit(requestId: string, signed: ClientDealProposal, bytes: Uint8Array): Promise<void> {
    const miner = await this.actor.require()
    const head = this.watch.requireHead()
    const { proposal } = signed
    const proposalCid = dealProposalCid(proposal)
    const twin = await this.store.ofProposal(proposalCid)
    if (twin !== undefined) {
      throw new MinerError(
        { code: 'DUPLICATE_PROPOSAL', proposalCid, requestId: twin.request_id },
        `deal ${twin.request_id} has the same proposal`,
      )
    }
    const robust = await this.settings.get('robust')
    judgeProposal(signed, {
      policy: this.network.require().policy,
      terms: this.options.terms,
      miner: miner.address,
      robust: robust as Address | undefined,
      sectorSize: miner.sectorSize,
      headEpoch: head.height,
      clientKey: await this.#keyOf(proposal.client, head),
      bounds: await this.chain.collateralBounds(proposal.pieceSize, false, head.key),
    })
    await writing(this.db, (trx) =>
      this.store.queue(
        trx,
        {
          request_id: requestId,
          proposal_cid: proposalCid,
          signed_proposal: bytes,
          client: proposal.client,
          piece_cid: proposal.pieceCid,
          piece_size: proposal.pieceSize.toString(),
          start_epoch: proposal.startEpoch,
          end_epoch: proposal.endEpoch,
          collateral: proposal.providerCollateral.toString(),
        },
        head.height,
      ),
    )
  }

  async #keyOf(client: Address, head: TipSet): Promise<Address> {
    const protocol = protocolOfAddress(client)
    return protocol === 1 || protocol === 3 ? client : await this.chain.accountKey(client, head.key)
  }

  // ---- the batch --------------------------------------------------------------------------------------------------

  async round(): Promise<void> {
    const head = this.watch.head
    if (head === undefined || (await this.actor.find()) === undefined) return
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
    await this.#followSent(head)
    await this.#releaseHeld(head)
    await this.#sendBatch(head)
  }

  async #releaseHeld(head: TipSet): Promise<void> {
    const now = this.clock.now()
    for (const row of await this.store.inState('Held')) {
      if (row.wake_at === null || row.wake_at > now) continue
      await writing(this.db, (trx) =>
        this.store.move(trx, row, 'released', { wake_at: null, why: null, failure: null }, head.height),
      )
    }
  }

  async #sendBatch(head: TipSet): Promise<void> {
    const now = this.clock.now()
    const waiting: Publication[] = []
    for (const row of await this.store.inState('Queued')) {
      if (row.start_epoch <= head.height + 1) {
        const failure = {
          code: 'DEAL_EXPIRED',
          remedy: 'drop' as const,
          text: `start epoch ${row.start_epoch} came before it could be published: ${row.why ?? 'it waited for its batch'}`,
        }
        await writing(this.db, (trx) =>
          this.store.move(trx, row, 'refused', refusedFacts(failure), head.height),
        )
      } else if (row.wake_at === null || row.wake_at <= now) waiting.push(row)
    }
    const { batch } = this.options
    const deals = waiting.map((row) => ({ queuedMs: row.queued_ms, startEpoch: row.start_epoch }))
    const due = batchDue(deals, now, head.height, batch)
    if (due === undefined) return
    // Our own money is bound only for deals whose client has his there.
    const chosen: Publication[] = []
    for (const row of waiting.slice(0, batch.maxDeals))
      if (await this.#clientPays(row, head)) chosen.push(row)
    if (chosen.length === 0 || !(await this.#toppedUp(chosen, head))) return
    const good: Publication[] = []
    for (const row of chosen) if (await this.#simulated(row, head)) good.push(row)
    if (good.length > 0) await this.#send(good, head, due)
  }

  /** True when escrow covers these deals; else asks for a top-up (AddBalance, naming the miner's ID address) and says so on each deal. */
  async #toppedUp(rows: readonly Publication[], head: TipSet): Promise<boolean> {
    const { address } = await this.actor.require()
    const { escrow, locked } = await this.chain.marketBalance(address, head.key)
    // Deals sent but not yet executed will lock their collateral, too.
    const sent = await this.store.inState('Sent')
    const pending = await this.#notYetLocked(sent)
    const needed = sum(rows.map((row) => BigInt(row.collateral))) + pending
    const missing = needed - (escrow - locked)
    if (missing <= 0n) return true
    const topUp = await this.#topUpUnderWay()
    const message = topUp ?? (await this.#topUp(address, attoFil(missing)))
    const why = `waiting for market escrow: ${formatFil(attoFil(missing))} missing, top-up message ${message.cid ?? 'not signed yet'}${message.why === null ? '' : ` (${message.why})`}`
    for (const row of rows)
      if (row.why !== why) await writing(this.db, (trx) => this.store.note(trx, row, { why }, head.height))
    return false
  }

  async #notYetLocked(sent: readonly Publication[]): Promise<bigint> {
    let total = 0n
    for (const row of sent) {
      const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
      if (message !== undefined && message.state !== 'Included' && message.state !== 'Confirmed')
        total += BigInt(row.collateral)
    }
    return total
  }

  async #topUpUnderWay(): Promise<StoredMessage | undefined> {
    return await this.db
      .selectFrom('messages')
      .selectAll()
      .where('settled', '=', sql.lit(0))
      .where('class', '=', 'marketAdd')
      .where('state', 'in', ['Planned', 'Held', 'Signed', 'Pushed'])
      .executeTakeFirst()
  }

  async #topUp(miner: Address, amount: AttoFil): Promise<StoredMessage> {
    const message = await writing(this.db, (trx) =>
      this.messager.request(trx, {
        requestId: `escrow-${randomUUID()}`,
        class: 'marketAdd',
        from: this.wallet.role('worker').address,
        to: marketActor,
        value: amount,
        method: marketMethods.AddBalance,
        params: addBalanceParams.encode(miner),
        reason: 'market escrow for provider collateral',
      }),
    )
    this.log.info('escrow top-up asked', { amount: formatFil(amount) })
    this.messager.nudge()
    return message
  }

  /** True when the client's escrow covers his side of the deal; else the row says what is missing, and waits. */
  async #clientPays(row: Publication, head: TipSet): Promise<boolean> {
    const { proposal } = clientDealProposal.decode(row.signed_proposal)
    const balance = await this.chain.marketBalance(proposal.client, head.key)
    const needed =
      proposal.clientCollateral +
      proposal.storagePricePerEpoch * BigInt(proposal.endEpoch - proposal.startEpoch)
    const free = attoFil(balance.escrow - balance.locked)
    if (free >= needed) return true
    const text = `client ${proposal.client} has ${formatFil(free)} free in market escrow, the deal needs ${formatFil(attoFil(needed))}`
    await this.#later(row, { code: 'CLIENT_FUNDS', remedy: 'retry', text }, head)
    return false
  }

  /** Runs the deal alone on the chain's state. False: the row says why, and waits or is refused. */
  async #simulated(row: Publication, head: TipSet): Promise<boolean> {
    const result = await this.chain.call(await this.#message([row]), head.key)
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
    const wake_at = this.clock.now() + backoffMs(row.tries, RETRY)
    const changes = { tries: row.tries + 1, wake_at, why: failure.text, failure: JSON.stringify(failure) }
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

  // ---- after sending ----------------------------------------------------------------------------------------------

  async #followSent(head: TipSet): Promise<void> {
    const sent = await this.store.inState('Sent')
    const uuids = new Set(sent.flatMap((row) => (row.message_uuid === null ? [] : [row.message_uuid])))
    for (const uuid of uuids) {
      const message = await this.messages.byUuid(uuid)
      if (message === undefined) continue
      const rows = await this.store.ofMessage(this.db, uuid)
      const lost = messageLost(message)
      if (lost !== undefined) await this.#lost(rows, lost, head)
      else if (await this.#stuck(rows, message, head)) this.#loop.nudge()
      else if (message.state === 'Confirmed') await this.#landed(rows, message, head)
      else await this.#note(rows, message, head)
    }
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
    const ids = publishedDealIds(
      rows.length,
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
    return {
      message_uuid: null,
      batch_index: null,
      message_cid: null,
      tries: row.tries + 1,
      wake_at: this.clock.now() + backoffMs(row.tries, RETRY),
      why: failure.text,
      failure: JSON.stringify(failure),
    }
  }
}

function decodeProposal(requestId: string, bytes: Uint8Array): ClientDealProposal {
  const refuse = (reason: string) =>
    new MinerError({ code: 'PROPOSAL_REFUSED', proposalCid: '', reason }, reason)
  if (requestId === '') throw refuse('the request has no id')
  if (bytes.length > MAX_PROPOSAL_BYTES)
    throw refuse(`a signed proposal of ${bytes.length} bytes is too long`)
  try {
    return clientDealProposal.decode(bytes)
  } catch (cause) {
    throw refuse(`not a signed proposal: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

function refusedFacts(failure: Failure) {
  return { why: failure.text, failure: JSON.stringify(failure), wake_at: null }
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
