import { Injectable } from '@nestjs/common'
import type { Message, SignedMessage } from '@sealane/actors'
import { ChainError, ChainPort, type TipSet } from '@sealane/chain'
import type { AttoFil } from '@sealane/fil-units'
import { Log, remedyOf } from '@sealane/host'
import { backoffMs, writing } from '@sealane/sql'
import { Alerts } from '../alert/alerts.js'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import type { MessageClass } from '../policy/message-class.js'
import { nextDay, Policy } from '../policy/policy.js'
import { Wallet } from '../wallet/wallet.js'
import { chooseNonce } from './choose-nonce.js'
import { MessagePricing } from './message-pricing.js'
import { MessageStore, type StoredMessage } from './message-store.js'

/** Backoff of a message that cannot be signed, pushed or found yet. Unit: ms. */
const RETRY = { baseMs: 400, capMs: 30_000 }
/** A held message is looked at again this often (funds arrive, caps are raised). Unit: ms. */
const HELD_RECHECK_CAP_MS = 30_000
/**
 * A node estimates on its mempool's tipset, which lags some blocks behind its head: money that has just arrived is not there yet, and is
 * seconds later. A message whose sender can pay at the head is held for want of money only after so many such answers.
 */
const LAGGING_TRIES = 5

/** From plan to pool: takes the nonce, signs under a permit, stores, and only then pushes. A message that must wait says why. */
@Injectable()
export class MessageSender {
  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly store: MessageStore,
    private readonly pricing: MessagePricing,
    private readonly wallet: Wallet,
    private readonly policy: Policy,
    private readonly actor: MinerActor,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Signs and pushes one planned message; false when it must wait (the row says why). */
  async send(row: StoredMessage, head: TipSet): Promise<boolean> {
    try {
      const ready = await this.pricing.price(row, head)
      const current = await this.released(row)
      const signed = await this.#signNext(current, ready)
      await this.push(row.uuid, signed, head)
      return true
    } catch (error) {
      await this.cannotSend(row, error)
      return false
    }
  }

  /** A message that can be signed: one that was held is planned again. */
  async released(row: StoredMessage): Promise<StoredMessage> {
    if (row.state !== 'Held') return row
    return await writing(this.db, async (trx) => {
      await this.store.release(trx, row)
      return await trx
        .selectFrom('messages')
        .selectAll()
        .where('uuid', '=', row.uuid)
        .executeTakeFirstOrThrow()
    })
  }

  /** Gives the message the next nonce (see chooseNonce), and signs it. */
  async #signNext(row: StoredMessage, priced: Message): Promise<SignedMessage> {
    const from = priced.from
    const [actor, pooled] = await Promise.all([this.chain.getActor(from), this.chain.mpoolNonce(from)])
    const known = await this.store.nextNonce(this.db, from)
    const nonce = chooseNonce(actor?.nonce ?? 0, pooled, known?.nextNonce)
    if (known !== undefined && nonce > known.nextNonce) {
      this.log.warn('messager: others use this sender too, nonces skipped', {
        from,
        ours: known.nextNonce,
        theirs: nonce,
      })
    }
    return await this.sign(row, { ...priced, nonce }, undefined)
  }

  /** Signs under a permit and stores the bytes, in one transaction: what is pushed is in the database first. */
  async sign(
    row: StoredMessage,
    message: Message,
    replaces: { cid: string; fee: AttoFil } | undefined,
  ): Promise<SignedMessage> {
    const miner = await this.actor.id()
    return await writing(this.db, async (trx) => {
      const permit = await this.policy.permit(trx, {
        class: row.class as MessageClass,
        message,
        miner,
        reason: replaces === undefined ? row.reason : `${row.reason} (replaces ${replaces.cid})`,
        requestId: row.request_id,
        now: this.clock.now(),
        ...(replaces === undefined ? {} : { replacedFee: replaces.fee }),
      })
      const signed = await this.wallet.signMessage(trx, permit)
      const cid = await this.store.storeSigning(trx, row, signed, replaces?.cid)
      this.log.info('message signed', {
        class: row.class,
        from: message.from,
        nonce: message.nonce,
        cid,
        method: message.method,
        reason: row.reason,
      })
      return signed
    })
  }

  /** Says why a message waits. Nothing here ends it: its room withdraws it when it is of no use any more. */
  async cannotSend(row: StoredMessage, error: unknown): Promise<void> {
    const now = this.clock.now()
    const text = textOf(error)
    if (row.tries === 0)
      this.log.warn('message waits', { class: row.class, requestId: row.request_id, why: text })
    if (error instanceof MinerError && error.facts.code === 'POLICY') {
      await writing(this.db, (trx) => this.store.refuse(trx, row, error))
      return
    }
    if (remedyOf(error) === 'retry' && (!lacksMoney(error) || row.tries < LAGGING_TRIES)) {
      await this.postpone(row, error, text)
      return
    }
    const tomorrow = error instanceof MinerError && error.facts.code === 'OVER_CAP' && error.facts.daily
    const wakeAt = tomorrow ? nextDay(now) : now + Math.min(this.#backoffMs(row) * 4, HELD_RECHECK_CAP_MS)
    const current = await this.store.byUuid(row.uuid)
    if (current === undefined || (current.state !== 'Planned' && current.state !== 'Held')) throw error
    await writing(this.db, (trx) => this.store.hold(trx, current, error, text, wakeAt))
  }

  /** Looked at again later, and later each time. */
  async postpone(row: StoredMessage, error: unknown, why: string): Promise<void> {
    await this.store.postpone(row, error, why, this.clock.now() + this.#backoffMs(row))
  }

  #backoffMs(row: StoredMessage): number {
    return backoffMs(row.tries, { ...RETRY, random: this.clock.random() })
  }

  /** Pushes stored bytes to every node. A refused push is not the end: the row says why, and the same bytes go out again. */
  async push(uuid: string, signed: SignedMessage, head: TipSet): Promise<void> {
    const row = await this.store.byUuid(uuid)
    if (row === undefined || row.cid === null) return
    const { cid } = row
    try {
      await this.chain.mpoolPush(signed)
    } catch (error) {
      const { nonce, from_address: from } = row
      const text = textOf(error)
      const code = error instanceof ChainError ? error.code : 'RPC'
      this.log.error('messager: push failed, the same bytes will be pushed again', {
        class: row.class,
        from,
        nonce,
        cid,
        code,
        why: text,
      })
      this.alerts.raise(
        'push-failed',
        `messager: cannot push a ${row.class} message of ${from}, nonce ${nonce}: ${code}`,
      )
      await this.postpone(row, error, `push failed: ${text}`)
      return
    }
    await writing(this.db, (trx) => this.store.accepted(trx, uuid, cid, head.height))
    this.log.info('message pushed', { class: row.class, from: row.from_address, nonce: row.nonce, cid })
  }
}

/** A simulation that failed for want of money: SysErrInsufficientFunds (6) or the actors' own ErrInsufficientFunds (19). */
function lacksMoney(error: unknown): boolean {
  if (!(error instanceof ChainError)) return false
  if (error.code === 'NOT_ENOUGH_FUNDS') return true
  return error.code === 'EXECUTION_FAILED' && (error.facts.exitCode === 6 || error.facts.exitCode === 19)
}

/** A node's own words where there are some. */
function textOf(error: unknown): string {
  if (error instanceof ChainError) return error.text
  return error instanceof Error ? error.message : String(error)
}
