import { randomUUID } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import {
  type Address,
  addBalanceParams,
  clientDealProposal,
  marketActor,
  marketMethods,
} from '@sealane/actors'
import { ChainPort, type TipSet } from '@sealane/chain'
import { type AttoFil, attoFil, formatFil } from '@sealane/fil-units'
import { Log } from '@sealane/host'
import type { Failure } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { sql } from 'kysely'
import { MinerDb } from '../database.js'
import { inStateOf } from '../messages/in-state-of.js'
import { MessageStore, type StoredMessage } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerActor } from '../network/miner-actor.js'
import { Wallet } from '../wallet/wallet.js'
import { ofThisDeal } from './of-this-deal.js'
import { type Publication, PublicationStore } from './publication-store.js'

/** Money in f05: whether client and provider have what a deal binds there, and the provider's top-ups. */
@Injectable()
export class MarketEscrow {
  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly actor: MinerActor,
    private readonly wallet: Wallet,
    private readonly store: PublicationStore,
    private readonly messages: MessageStore,
    private readonly messager: Messager,
    private readonly log: Log,
  ) {}

  /** True when escrow covers these deals; else asks for a top-up (AddBalance, naming the miner's ID address) and says so on each deal. */
  async toppedUp(rows: readonly Publication[], head: TipSet): Promise<boolean> {
    const { address } = await this.actor.require()
    const { escrow, locked } = await this.chain.marketBalance(address, head.key)
    // Deals sent but not yet executed will lock their collateral, too.
    const sent = await this.store.inState('Sent')
    const pending = await this.#notYetLocked(sent, head)
    const needed = sum(rows.map((row) => BigInt(row.collateral))) + pending
    const missing = needed - (escrow - locked)
    if (missing <= 0n) return true
    const topUp = await this.#topUpUnderWay(head)
    const message = topUp ?? (await this.#topUp(address, attoFil(missing)))
    const why = `waiting for market escrow: ${formatFil(attoFil(missing))} missing, top-up message ${message.cid ?? 'not signed yet'}${message.why === null ? '' : ` (${message.why})`}`
    for (const row of rows)
      if (row.why !== why) await writing(this.db, (trx) => this.store.note(trx, row, { why }, head.height))
    return false
  }

  async #notYetLocked(sent: readonly Publication[], head: TipSet): Promise<bigint> {
    let total = 0n
    for (const row of sent) {
      const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
      if (message !== undefined && !inStateOf(head, message)) total += BigInt(row.collateral)
    }
    return total
  }

  /** A top-up whose money is not in the balance at `head` yet: what executed since then counts, or it would be paid twice. */
  async #topUpUnderWay(head: TipSet): Promise<StoredMessage | undefined> {
    const rows = await this.db
      .selectFrom('messages')
      .selectAll()
      .where('class', '=', 'marketAdd')
      .where((eb) => eb.or([eb('settled', '=', sql.lit(0)), eb('executed_epoch', '>=', head.height)]))
      .where('state', 'in', ['Planned', 'Held', 'Signed', 'Pushed', 'Included', 'Confirmed'])
      .execute()
    return rows.find((row) => !inStateOf(head, row))
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

  /** What a client's escrow lacks for his side of the deal; undefined when it covers that. */
  async clientLacks(row: Publication, head: TipSet): Promise<Failure | undefined> {
    const { proposal } = clientDealProposal.decode(row.signed_proposal)
    const { answer: balance, failure } = await ofThisDeal(
      `client ${proposal.client} has no market escrow`,
      this.chain.marketBalance(proposal.client, head.key),
    )
    if (failure !== undefined) return failure
    const needed =
      proposal.clientCollateral +
      proposal.storagePricePerEpoch * BigInt(proposal.endEpoch - proposal.startEpoch)
    const free = attoFil(balance.escrow - balance.locked)
    if (free >= needed) return undefined
    const text = `client ${proposal.client} has ${formatFil(free)} free in market escrow, the deal needs ${formatFil(attoFil(needed))}`
    return { code: 'CLIENT_FUNDS', remedy: 'retry', text }
  }
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((total, amount) => total + amount, 0n)
}
