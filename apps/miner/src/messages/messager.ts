import { Injectable } from '@nestjs/common'
import { type Address, decodeSignedMessage, type Message, SEND, type SignedMessage } from '@sealane/actors'
import { ChainError, ChainPort, type TipSet } from '@sealane/chain'
import { type AttoFil, attoFil, formatFil } from '@sealane/fil-units'
import { Health, Log, remedyOf } from '@sealane/host'
import { backoffMs, writing } from '@sealane/sql'
import { Alerts } from '../alert/alerts.js'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'
import { RoomLoop } from '../loops/room-loop.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import type { MessageClass } from '../policy/message-class.js'
import { nextDay, Policy } from '../policy/policy.js'
import { Wallet } from '../wallet/wallet.js'
import { chooseNonce } from './choose-nonce.js'
import type { MessageRequest } from './message-request.js'
import { MessageStore, type StoredMessage } from './message-store.js'
import { replacementFees } from './replace-by-fee.js'

/** What the operator may tune; defaults and their sources are in config.ts. */
export class MessagerOptions {
  /** Epochs after which unconfirmed bytes are pushed again. */
  repushEpochs = 10
  /** Epochs without inclusion after which the lowest pending nonce is replaced by fee. */
  replaceEpochs = 10
  /** … and no earlier than this, so that a rushing devnet does not look like a stuck pool. Unit: ms. */
  replaceAfterMs = 30_000
  /** Unconfirmed messages of one sender at a time: far below the 100 that pools allow strangers. */
  window = 20
}

/** Backoff of a message that cannot be signed yet. Unit: ms. */
const RETRY_BASE_MS = 400
const RETRY_CAP_MS = 30_000
/** The lowest pending nonce is pushed again after this many epochs; the others after `repushEpochs`. */
const LOWEST_REPUSH_EPOCHS = 3
/** … and never sooner than this, however fast the chain runs. Unit: ms. */
const REPUSH_AFTER_MS = 2_000
/** A hole in a sender's nonces must last this long before it is filled. Unit: ms. */
const HOLE_PATIENCE_MS = 20_000
/** Searches for a message whose nonce the chain has passed, before somebody is told. About 10 s. */
const SEARCHES_BEFORE_ALARM = 5
/** A held message is looked at again this often (funds arrive, caps are raised). Unit: ms. */
const HELD_RECHECK_CAP_MS = 30_000
/**
 * A node estimates on its mempool's tipset, which lags some blocks behind its head: money that has just arrived is not there yet, and is
 * seconds later. A message whose sender can pay at the head is held for want of money only after so many such answers.
 */
const LAGGING_TRIES = 5

/**
 * The one writer of every sender's nonces: plan → estimate → permit → sign → persist → push → re-push, replace or fill → confirmed.
 * A signed message exists in the database before it exists anywhere else; nothing here forgets a nonce.
 * A failed push logs an ERROR line with the word `messager`, which operators alert on.
 */
@Injectable()
export class Messager {
  readonly #loop: RoomLoop
  readonly #holes = new Map<string, number>()

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly store: MessageStore,
    private readonly wallet: Wallet,
    private readonly policy: Policy,
    private readonly actor: MinerActor,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
    private readonly log: Log,
    health: Health,
    private readonly options: MessagerOptions,
  ) {
    this.#loop = new RoomLoop({
      room: 'messages',
      log,
      health: health.room('messages'),
      everyMs: 1_000,
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
  nudge(): void {
    this.#loop.nudge()
  }

  /**
   * Plans a message, once per request id, after policy allowed its class, receiver, method and value.
   * Pass the transaction that makes the message necessary; call `nudge()` after its commit.
   */
  async request(trx: MinerTransaction, request: MessageRequest): Promise<StoredMessage> {
    this.policy.judge(request.class, request, await this.actor.id())
    return await this.store.plan(trx, request)
  }

  /** Takes back a message that has no nonce yet; false when it is too late. */
  async withdraw(uuid: string, because: unknown): Promise<boolean> {
    return await writing(this.db, async (trx) => {
      const row = await trx.selectFrom('messages').selectAll().where('uuid', '=', uuid).executeTakeFirst()
      if (row === undefined || (row.state !== 'Planned' && row.state !== 'Held'))
        return row?.state === 'Refused'
      await this.store.refuse(trx, row, because)
      return true
    })
  }

  /** One look at every sender that has something unsettled. */
  async round(): Promise<void> {
    const head = this.watch.head
    if (head === undefined) return
    const senders = await this.store.openSenders()
    const results = await Promise.allSettled(senders.map((sender) => this.#serve(sender as Address, head)))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async #serve(sender: Address, head: TipSet): Promise<void> {
    const open = await this.store.open(sender)
    const underWay = open.filter((row) => row.state === 'Signed' || row.state === 'Pushed')
    if (underWay.length > 0) await this.#keepAlive(sender, underWay, head)
    const now = this.clock.now()
    let room = this.options.window - underWay.length
    for (const row of open) {
      // A gap filler's nonce is chosen by the gap.
      if ((row.state !== 'Planned' && row.state !== 'Held') || row.class === 'gapFill') continue
      if (row.wake_at !== null && row.wake_at > now) continue
      if (room <= 0 && row.class !== 'windowPost') continue
      if (await this.#send(row, head)) room -= 1
    }
  }

  // ---- from plan to pool ------------------------------------------------------------------------------------------

  /** Signs and pushes one planned message; false when it must wait (the row says why). */
  async #send(row: StoredMessage, head: TipSet): Promise<boolean> {
    try {
      const ready = await this.#priced(row, head)
      const current = row.state === 'Held' ? await this.#released(row) : row
      const signed = await this.#sign(current, ready)
      if (signed === undefined) return false
      await this.#push(row.uuid, signed, head)
      return true
    } catch (error) {
      await this.#cannotSend(row, error)
      return false
    }
  }

  /** The message with gas, affordable and within its class's cap. Throws with the reason when it is not. */
  async #priced(row: StoredMessage, head: TipSet): Promise<Message> {
    const messageClass = row.class as MessageClass
    const planned = toMessage(row)
    const balance = await this.#balance(planned.from, head)
    if (balance < planned.value) throw this.#poor(row, balance, planned.value, attoFil(0n))
    const { maxFee } = this.policy.cap(messageClass)
    const estimated = await this.chain.estimateGas(planned, { maxFee })
    const message = {
      ...planned,
      gasLimit: estimated.gasLimit,
      gasFeeCap: estimated.gasFeeCap,
      gasPremium: estimated.gasPremium,
    }
    checkGas(message)
    const committed = await this.#committed(row.from_address)
    const room = attoFil(balance - planned.value - committed)
    if (messageClass === 'windowPost') {
      // A proof must never wait below a risen base fee: it may cost up to its cap, or what the address can pay.
      // Source: filecoin-project/lotus PR #9746 (MaximizeWindowPoStFeeCap).
      const most = smaller(room, maxFee) / BigInt(message.gasLimit)
      if (most > message.gasFeeCap) message.gasFeeCap = attoFil(most)
    }
    const fee = attoFil(BigInt(message.gasLimit) * message.gasFeeCap)
    if (fee > room) throw this.#poor(row, attoFil(balance - committed), planned.value, fee)
    const baseFee = head.blocks[0]?.parentBaseFee
    if (baseFee !== undefined && message.gasFeeCap < baseFee && messageClass !== 'windowPost') {
      throw new MinerError(
        { code: 'BASE_FEE_HIGH', baseFee: baseFee.toString(), feeCap: message.gasFeeCap.toString() },
        `fee cap ${message.gasFeeCap} is below the base fee ${baseFee} (atto per gas unit): waits for a lower base fee or a higher cap for ${row.class}`,
      )
    }
    return message
  }

  async #balance(address: Address, head: TipSet): Promise<AttoFil> {
    const actor = await this.chain.getActor(address, head.key)
    if (actor === undefined) {
      throw new MinerError(
        { code: 'NO_ACTOR', address },
        `${address} has no actor on chain yet: send it funds first`,
      )
    }
    return actor.balance
  }

  /** What messages under way may still take from a sender, attoFIL. */
  async #committed(sender: string): Promise<bigint> {
    const open = await this.store.open(sender)
    return open
      .filter((row) => row.state === 'Signed' || row.state === 'Pushed')
      .reduce(
        (sum, row) => sum + BigInt(row.value) + BigInt(row.gas_limit ?? 0) * BigInt(row.gas_fee_cap ?? '0'),
        0n,
      )
  }

  #poor(row: StoredMessage, has: AttoFil, value: AttoFil, fee: AttoFil): MinerError {
    const needs = attoFil(value + fee)
    const text = `${row.from_address} has ${formatFil(has)} free, this ${row.class} message needs ${formatFil(needs)} (value ${formatFil(value)} + fees up to ${formatFil(fee)}): send it ${formatFil(attoFil(needs - has))}`
    this.alerts.raise('low-balance', `${row.from_address} cannot pay for a ${row.class} message`)
    return new MinerError(
      { code: 'INSUFFICIENT_FUNDS', address: row.from_address, has: formatFil(has), needs: formatFil(needs) },
      text,
    )
  }

  async #released(row: StoredMessage): Promise<StoredMessage> {
    return await writing(this.db, async (trx) => {
      await this.store.release(trx, row)
      return await trx
        .selectFrom('messages')
        .selectAll()
        .where('uuid', '=', row.uuid)
        .executeTakeFirstOrThrow()
    })
  }

  /** Takes the next nonce (see chooseNonce), signs and stores, all in one transaction. */
  async #sign(row: StoredMessage, priced: Message): Promise<SignedMessage | undefined> {
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
    return await this.#store(row, { ...priced, nonce }, undefined)
  }

  async #store(
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
  async #cannotSend(row: StoredMessage, error: unknown): Promise<void> {
    const now = this.clock.now()
    const text =
      error instanceof ChainError ? error.text : error instanceof Error ? error.message : String(error)
    const backoff = backoffMs(row.tries, {
      baseMs: RETRY_BASE_MS,
      capMs: RETRY_CAP_MS,
      random: this.clock.random(),
    })
    if (row.tries === 0)
      this.log.warn('message waits', { class: row.class, requestId: row.request_id, why: text })
    if (error instanceof MinerError && error.facts.code === 'POLICY') {
      await writing(this.db, (trx) => this.store.refuse(trx, row, error))
      return
    }
    if (remedyOf(error) === 'retry' && (!lacksMoney(error) || row.tries < LAGGING_TRIES)) {
      await this.store.postpone(row, error, text, now + backoff)
      return
    }
    const tomorrow = error instanceof MinerError && error.facts.code === 'OVER_CAP' && error.facts.daily
    const wakeAt = tomorrow ? nextDay(now) : now + Math.min(backoff * 4, HELD_RECHECK_CAP_MS)
    const current = await this.store.byUuid(row.uuid)
    if (current === undefined || (current.state !== 'Planned' && current.state !== 'Held')) throw error
    await writing(this.db, (trx) => this.store.hold(trx, current, error, text, wakeAt))
  }

  // ---- in the pools -----------------------------------------------------------------------------------------------

  async #push(uuid: string, signed: SignedMessage, head: TipSet): Promise<void> {
    const row = await this.store.byUuid(uuid)
    if (row === undefined || row.cid === null) return
    const { cid } = row
    try {
      await this.chain.mpoolPush(signed)
    } catch (error) {
      const { nonce, from_address: from } = row
      const text =
        error instanceof ChainError ? error.text : error instanceof Error ? error.message : String(error)
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
      const backoff = backoffMs(row.tries, {
        baseMs: RETRY_BASE_MS,
        capMs: RETRY_CAP_MS,
        random: this.clock.random(),
      })
      await this.store.postpone(row, error, `push failed: ${text}`, this.clock.now() + backoff)
      return
    }
    await writing(this.db, (trx) => this.store.accepted(trx, uuid, cid, head.height))
    this.log.info('message pushed', { class: row.class, from: row.from_address, nonce: row.nonce, cid })
  }

  /** Keeps what is signed alive: pushes again, finds what the watch missed, replaces what is stuck, fills holes. */
  async #keepAlive(sender: Address, rows: readonly StoredMessage[], head: TipSet): Promise<void> {
    const actor = await this.chain.getActor(sender, head.key)
    const chainNonce = actor?.nonce ?? 0
    const pooledNonce = await this.chain.mpoolNonce(sender)
    const now = this.clock.now()
    const byNonce = [...rows].sort((a, b) => (a.nonce ?? 0) - (b.nonce ?? 0))
    for (const row of byNonce) {
      if (row.nonce === null || row.cid === null) continue
      if (row.wake_at !== null && row.wake_at > now) continue
      if (row.nonce < chainNonce) {
        await this.#settleMissed(row)
        continue
      }
      const signing = await this.store.signing(row.cid)
      if (signing === undefined) continue
      const unheard = row.state === 'Signed' || signing.accepted_ms === null || row.pushed_epoch === null
      const forgotten = pooledNonce <= row.nonce
      // The lowest nonce blocks all others: had the pools kept it, it would be in by now.
      const patience = row.nonce === chainNonce ? LOWEST_REPUSH_EPOCHS : this.options.repushEpochs
      const due =
        row.pushed_epoch !== null &&
        head.height - row.pushed_epoch >= patience &&
        now - (row.pushed_ms ?? 0) >= REPUSH_AFTER_MS
      if (unheard || forgotten || due) await this.#push(row.uuid, decodeSignedMessage(signing.signed), head)
      if (row.nonce === chainNonce) await this.#replaceIfStuck(row, head)
    }
    await this.#fillHoles(sender, chainNonce, byNonce, head)
  }

  /** The chain is past this nonce, and the watch has not seen by whom: look for it. */
  async #settleMissed(row: StoredMessage): Promise<void> {
    for (const signing of await this.store.signingsOf(row.uuid)) {
      const found = await this.chain.searchMessage(signing.cid as never)
      if (found === undefined) continue
      const winner = await this.chain.getMessage(found.message)
      const parents = found.tipSet
      const tipSet = await this.chain.tipSet(parents)
      const parent = await this.chain.tipSet(tipSet.blocks[0]?.parents ?? [])
      const place = { tipset: tipSet.key, epoch: tipSet.height, includedEpoch: parent.height }
      const executed = [{ cid: found.message, message: winner, receipt: found.receipt }]
      const taken = await writing(this.db, (trx) => this.store.executed(trx, place, executed))
      for (const lost of taken) {
        this.alerts.raise(
          'nonce-taken',
          `nonce ${lost.nonce} of ${lost.from_address} was used by a message that is not ours: is the key in another wallet?`,
        )
      }
      return
    }
    const why = `the chain is past nonce ${row.nonce} of ${row.from_address}, and no node finds our message there yet`
    if (row.tries === SEARCHES_BEFORE_ALARM)
      this.alerts.raise('nonce-taken', `${why}: is the key in another wallet?`)
    const wakeAt =
      this.clock.now() +
      backoffMs(row.tries, { baseMs: RETRY_BASE_MS, capMs: RETRY_CAP_MS, random: this.clock.random() })
    await this.store.postpone(row, new ChainError('NOT_FOUND', { text: why }), why, wakeAt)
  }

  /** Raises the fee of the lowest pending nonce when it has been in the pools too long. */
  async #replaceIfStuck(row: StoredMessage, head: TipSet): Promise<void> {
    const current = await this.store.byUuid(row.uuid)
    if (
      current?.state !== 'Pushed' ||
      current.cid === null ||
      current.nonce === null ||
      current.turn < row.turn
    )
      return
    if (current.first_pushed_epoch === null || current.first_pushed_ms === null) return
    if (head.height - current.first_pushed_epoch < this.options.replaceEpochs) return
    if (this.clock.now() - current.first_pushed_ms < this.options.replaceAfterMs) return
    const signing = await this.store.signing(current.cid)
    if (signing === undefined) return
    const { message } = decodeSignedMessage(signing.signed)
    const gasPremium = await this.chain.estimateGasPremium(10, message.from, message.gasLimit)
    const gasFeeCap = await this.chain.estimateFeeCap({ ...message, gasPremium }, 20)
    const { maxFee } = this.policy.cap(current.class as MessageClass)
    const fees = replacementFees(message, { gasFeeCap, gasPremium }, message.gasLimit, maxFee)
    if (fees === undefined) {
      const baseFee = head.blocks[0]?.parentBaseFee
      const why = `stuck since epoch ${current.first_pushed_epoch}: fee cap ${message.gasFeeCap}, base fee ${baseFee ?? '?'}; a replacement would be over the ${current.class} cap of ${formatFil(maxFee)}`
      if (current.why !== why)
        await this.db.updateTable('messages').set({ why }).where('uuid', '=', current.uuid).execute()
      this.alerts.raise(
        'push-failed',
        `messager: a ${current.class} message of ${message.from}, nonce ${message.nonce}, is stuck and its class cap forbids a higher fee`,
      )
      return
    }
    const oldFee = attoFil(BigInt(message.gasLimit) * message.gasFeeCap)
    const signed = await this.#store(current, { ...message, ...fees }, { cid: current.cid, fee: oldFee })
    await writing(this.db, (trx) => this.store.replaced(trx, current.uuid, head.height))
    this.log.warn('message replaced by fee', {
      class: current.class,
      nonce: message.nonce,
      premium: fees.gasPremium,
      was: message.gasPremium,
    })
    await this.#push(current.uuid, signed, head)
  }

  /**
   * A nonce below our pending ones that neither the chain, nor the pools, nor this database has: without a message there nothing
   * above it can ever land. After a while it is filled with an empty transfer to the sender itself.
   */
  async #fillHoles(
    sender: Address,
    chainNonce: number,
    rows: readonly StoredMessage[],
    head: TipSet,
  ): Promise<void> {
    const lowest = rows.reduce((least, row) => Math.min(least, row.nonce ?? least), Number.MAX_SAFE_INTEGER)
    if (lowest <= chainNonce || lowest === Number.MAX_SAFE_INTEGER) {
      this.#holes.delete(sender)
      return
    }
    const signed = await this.store.signedNonces(sender, chainNonce)
    const pool = await this.chain.mpoolPending()
    const pooled = new Set(
      pool.filter(({ message }) => message.from === sender).map(({ message }) => message.nonce),
    )
    const holes = Array.from(
      { length: Math.min(lowest - chainNonce, this.options.window) },
      (_, at) => chainNonce + at,
    ).filter((nonce) => !signed.has(nonce) && !pooled.has(nonce))
    const [hole] = holes
    if (hole === undefined) {
      this.#holes.delete(sender)
      return
    }
    const now = this.clock.now()
    const since = this.#holes.get(sender) ?? now
    this.#holes.set(sender, since)
    if (now - since < HOLE_PATIENCE_MS) return
    const request: MessageRequest = {
      requestId: `gap-${sender}-${hole}`,
      class: 'gapFill',
      from: sender,
      to: sender,
      value: attoFil(0n),
      method: SEND,
      params: new Uint8Array(),
      reason: `fills nonce ${hole}, which nobody holds`,
    }
    const row = await writing(this.db, (trx) => this.store.plan(trx, request))
    if (row.state !== 'Planned') return
    try {
      const priced = await this.#priced(row, head)
      const filled = await this.#store(row, { ...priced, nonce: hole }, undefined)
      this.log.warn('messager: nonce gap filled', { from: sender, nonce: hole })
      await this.#push(row.uuid, filled, head)
    } catch (error) {
      await this.#cannotSend(row, error)
    }
  }
}

function toMessage(row: StoredMessage): Message {
  return {
    version: 0,
    to: row.to_address as Address,
    from: row.from_address as Address,
    nonce: 0,
    value: attoFil(BigInt(row.value)),
    gasLimit: 0,
    gasFeeCap: attoFil(0n),
    gasPremium: attoFil(0n),
    method: row.method,
    params: row.params,
  }
}

/** A simulation that failed for want of money: SysErrInsufficientFunds (6) or the actors' own ErrInsufficientFunds (19). */
function lacksMoney(error: unknown): boolean {
  if (!(error instanceof ChainError)) return false
  if (error.code === 'NOT_ENOUGH_FUNDS') return true
  return error.code === 'EXECUTION_FAILED' && (error.facts.exitCode === 6 || error.facts.exitCode === 19)
}

/** A lying node must not make us sign nonsense. Source: lotus build/buildconstants BlockGasLimit. */
function checkGas(message: Message): void {
  const sane =
    Number.isSafeInteger(message.gasLimit) &&
    message.gasLimit > 0 &&
    message.gasLimit <= 10_000_000_000 &&
    message.gasPremium >= 0n &&
    message.gasFeeCap >= message.gasPremium
  if (!sane) {
    throw new ChainError('MALFORMED', {
      text: `the node estimated gas limit ${message.gasLimit}, fee cap ${message.gasFeeCap}, premium ${message.gasPremium}`,
    })
  }
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
