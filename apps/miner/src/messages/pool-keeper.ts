import { Injectable } from '@nestjs/common'
import { type Address, type Cid, decodeSignedMessage, type Message, SEND } from '@sealane/actors'
import { ChainError, ChainPort, type MessageLookup, type TipSet } from '@sealane/chain'
import { type AttoFil, attoFil, epoch, formatFil } from '@sealane/fil-units'
import { Log } from '@sealane/host'
import { writing } from '@sealane/sql'
import { Alerts } from '../alert/alerts.js'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { MinerError } from '../miner-error.js'
import type { MessageClass } from '../policy/message-class.js'
import { Policy } from '../policy/policy.js'
import { MessagePricing } from './message-pricing.js'
import type { MessageRequest } from './message-request.js'
import { MessageSender } from './message-sender.js'
import { MessageStore, type StoredMessage } from './message-store.js'
import { MessagerOptions } from './messager-options.js'
import { leastReplacementPremium, replacementFees } from './replace-by-fee.js'

/** The lowest pending nonce is pushed again after this many epochs; the others after `repushEpochs`. */
const LOWEST_REPUSH_EPOCHS = 3
/** … and never sooner than this, however fast the chain runs. Unit: ms. */
const REPUSH_AFTER_MS = 2_000
/** A hole in a sender's nonces must last this long before it is filled. Unit: ms. */
const HOLE_PATIENCE_MS = 20_000
/** Searches for a message whose nonce the chain has passed, before somebody is told. About 10 s. */
const SEARCHES_BEFORE_ALARM = 5
/** Somebody else's message keeps our nonce for good when it was executed so many epochs ago: the deepest confidence we ask of our own. */
const TAKEN_FOR_GOOD_EPOCHS = 10

/** Fees as the operator names them: attoFIL per gas unit, gas units. */
interface NamedFees {
  readonly gasPremium: AttoFil
  readonly gasFeeCap: AttoFil
  readonly gasLimit?: number | undefined
}

/** What the operator wants of a replacement: fees by the messager's own rule, at most `feeLimit` attoFIL in all, or named ones. */
export type ReplacementWish = { readonly auto: true; readonly feeLimit?: AttoFil | undefined } | NamedFees

/** Keeps signed messages alive in the pools: pushes again, finds what the watch missed, replaces what is stuck, fills holes. */
@Injectable()
export class PoolKeeper {
  readonly #holes = new Map<string, number>()

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly store: MessageStore,
    private readonly pricing: MessagePricing,
    private readonly sender: MessageSender,
    private readonly policy: Policy,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly options: MessagerOptions,
  ) {}

  /** One look at a sender's messages that are signed and not yet in. */
  async look(sender: Address, rows: readonly StoredMessage[], head: TipSet): Promise<void> {
    const actor = await this.chain.getActor(sender, head.key)
    const chainNonce = actor?.nonce ?? 0
    const pooledNonce = await this.chain.mpoolNonce(sender)
    const now = this.clock.now()
    const byNonce = [...rows].sort((a, b) => (a.nonce ?? 0) - (b.nonce ?? 0))
    for (const row of byNonce) {
      if (row.nonce === null || row.cid === null) continue
      if (row.wake_at !== null && row.wake_at > now) continue
      if (row.nonce < chainNonce) {
        await this.#settleMissed(row, head)
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
      if (unheard || forgotten || due)
        await this.sender.push(row.uuid, decodeSignedMessage(signing.signed), head)
      if (row.nonce === chainNonce) await this.#replaceIfStuck(row, head)
    }
    await this.#fillHoles(sender, { chainNonce, pooledNonce }, byNonce, head)
  }

  /** The chain is past this nonce, and the watch has not seen by whom: look for it. What no node can say of it holds up no other message. */
  async #settleMissed(row: StoredMessage, head: TipSet): Promise<void> {
    let why = `the chain is past nonce ${row.nonce} of ${row.from_address}, and no node finds our message there yet`
    try {
      for (const signing of await this.store.signingsOf(row.uuid)) {
        const found = await this.chain.searchMessage(signing.cid as Cid, { at: head.key })
        if (found !== undefined) return await this.#executed(found)
      }
    } catch (error) {
      if (!(error instanceof ChainError)) throw error
      if (isTaken(error) && (await this.#takenForGood(row, head))) return await this.#taken(row, error)
      why = `the chain is past nonce ${row.nonce} of ${row.from_address}, and the search for our message fails: ${error.text}`
    }
    if (row.tries === SEARCHES_BEFORE_ALARM)
      this.alerts.raise('nonce-taken', `${why}: is the key in another wallet?`)
    await this.sender.postpone(row, new ChainError('NOT_FOUND', { text: why }), why)
  }

  async #executed(found: MessageLookup): Promise<void> {
    const winner = await this.chain.getMessage(found.message)
    const tipSet = await this.chain.tipSet(found.tipSet)
    const parent = await this.chain.tipSet(tipSet.blocks[0]?.parents ?? [])
    const place = { tipset: tipSet.key, epoch: tipSet.height, includedEpoch: parent.height }
    const executed = [{ cid: found.message, message: winner, receipt: found.receipt }]
    const taken = await writing(this.db, (trx) => this.store.executed(trx, place, executed))
    for (const lost of taken) this.#sayTaken(lost)
  }

  /** Whether the same is said of the chain so deep that no reorg changes it. */
  async #takenForGood(row: StoredMessage, head: TipSet): Promise<boolean> {
    if (row.cid === null || head.height <= TAKEN_FOR_GOOD_EPOCHS) return false
    const deep = await this.chain.tipSetByHeight(epoch(head.height - TAKEN_FOR_GOOD_EPOCHS), head.key)
    try {
      await this.chain.searchMessage(row.cid as Cid, { at: deep.key })
      return false
    } catch (error) {
      if (error instanceof ChainError) return isTaken(error)
      throw error
    }
  }

  async #taken(row: StoredMessage, said: ChainError): Promise<void> {
    await writing(this.db, (trx) => this.store.nonceTaken(trx, row, said.text))
    this.log.error('messager: somebody else used our nonce', {
      from: row.from_address,
      nonce: row.nonce,
      class: row.class,
      uuid: row.uuid,
    })
    this.#sayTaken(row)
  }

  #sayTaken({ nonce, from_address: from }: StoredMessage): void {
    this.alerts.raise(
      'nonce-taken',
      `nonce ${nonce} of ${from} was used by a message that is not ours: is the key in another wallet?`,
    )
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
      await this.#staysStuck(current, why)
      return
    }
    try {
      await this.#replaceWith(current, message, { ...message, ...fees }, head)
    } catch (error) {
      // The day's fees are spent: this one waits, what else there is to do for its sender does not.
      if (!(error instanceof MinerError) || error.facts.code !== 'OVER_CAP') throw error
      await this.#staysStuck(current, `stuck since epoch ${current.first_pushed_epoch}: ${error.message}`)
    }
  }

  async #staysStuck(row: StoredMessage, why: string): Promise<void> {
    if (row.why !== why)
      await this.db.updateTable('messages').set({ why }).where('uuid', '=', row.uuid).execute()
    this.alerts.raise(
      'push-failed',
      `messager: a ${row.class} message of ${row.from_address}, nonce ${row.nonce}, is stuck and its class cap forbids a higher fee`,
    )
  }

  /**
   * Replaces a message by fee because the operator says so, by the same rules: the lowest pending nonce, a premium that pools take,
   * within the class's cap and what the sender has.
   * @throws {MinerError} BAD_REQUEST, OVER_CAP, INSUFFICIENT_FUNDS
   */
  async replace(row: StoredMessage, wanted: ReplacementWish, head: TipSet): Promise<void> {
    const signing = row.cid === null ? undefined : await this.store.signing(row.cid)
    if (row.state !== 'Pushed' || row.nonce === null || signing === undefined)
      throw refused(`the message is ${row.state}: only one that is in the pools can be replaced`)
    const { message } = decodeSignedMessage(signing.signed)
    const actor = await this.chain.getActor(message.from, head.key)
    const chainNonce = actor?.nonce ?? 0
    if (row.nonce > chainNonce)
      throw refused(
        `nonce ${chainNonce} of ${message.from} waits below nonce ${row.nonce}: nothing above it can land, replace that one first`,
      )
    const fees =
      'auto' in wanted ? await this.#autoFees(row, message, wanted.feeLimit) : manualFees(message, wanted)
    const needs = attoFil(message.value + BigInt(fees.gasLimit) * fees.gasFeeCap)
    const has = actor?.balance ?? attoFil(0n)
    if (has < needs) {
      const facts = { address: message.from, has: formatFil(has), needs: formatFil(needs) }
      throw new MinerError(
        { code: 'INSUFFICIENT_FUNDS', ...facts },
        `${facts.address} has ${facts.has}, the replacement needs ${facts.needs}`,
      )
    }
    await this.#replaceWith(row, message, { ...message, ...fees }, head)
  }

  async #autoFees(row: StoredMessage, message: Message, feeLimit: AttoFil | undefined) {
    const { maxFee } = this.policy.cap(row.class as MessageClass)
    const most = feeLimit !== undefined && feeLimit < maxFee ? feeLimit : maxFee
    const gasPremium = await this.chain.estimateGasPremium(10, message.from, message.gasLimit)
    const gasFeeCap = await this.chain.estimateFeeCap({ ...message, gasPremium }, 20)
    const fees = replacementFees(message, { gasFeeCap, gasPremium }, message.gasLimit, most)
    if (fees !== undefined) return { ...fees, gasLimit: message.gasLimit }
    const least = attoFil(BigInt(message.gasLimit) * leastReplacementPremium(message.gasPremium))
    throw refused(
      `a replacement costs at least ${formatFil(least)}, over ${most === maxFee ? `the ${row.class} cap` : 'the fee limit'} of ${formatFil(most)}`,
    )
  }

  async #replaceWith(row: StoredMessage, old: Message, message: Message, head: TipSet): Promise<void> {
    if (row.cid === null) return
    const oldFee = attoFil(BigInt(old.gasLimit) * old.gasFeeCap)
    const signed = await this.sender.sign(row, message, { cid: row.cid, fee: oldFee })
    await writing(this.db, (trx) => this.store.replaced(trx, row.uuid, head.height))
    this.log.warn('message replaced by fee', {
      class: row.class,
      nonce: old.nonce,
      premium: message.gasPremium,
      was: old.gasPremium,
    })
    await this.sender.push(row.uuid, signed, head)
  }

  /**
   * A nonce below our pending ones that neither the chain, nor the pools, nor this database has: without a message there nothing
   * above it can ever land. After a while it is filled with an empty transfer to the sender itself.
   */
  async #fillHoles(
    sender: Address,
    { chainNonce, pooledNonce }: { chainNonce: number; pooledNonce: number },
    rows: readonly StoredMessage[],
    head: TipSet,
  ): Promise<void> {
    const lowest = rows.reduce((least, row) => Math.min(least, row.nonce ?? least), Number.MAX_SAFE_INTEGER)
    if (lowest <= chainNonce || lowest === Number.MAX_SAFE_INTEGER) {
      this.#holes.delete(sender)
      return
    }
    const signed = await this.store.signedNonces(sender, chainNonce)
    const pooled = await this.#pooledNonces(sender)
    const holds = (nonce: number) => pooled?.has(nonce) ?? nonce < pooledNonce
    const holes = Array.from(
      { length: Math.min(lowest - chainNonce, this.options.window) },
      (_, at) => chainNonce + at,
    ).filter((nonce) => !signed.has(nonce) && !holds(nonce))
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
    // Held: there was no money for it, and nothing above it lands without it.
    if (row.state !== 'Planned' && row.state !== 'Held') return
    if (row.wake_at !== null && row.wake_at > now) return
    try {
      const priced = await this.pricing.price(row, head)
      const current = await this.sender.released(row)
      const filled = await this.sender.sign(current, { ...priced, nonce: hole }, undefined)
      this.log.warn('messager: nonce gap filled', { from: sender, nonce: hole })
      await this.sender.push(row.uuid, filled, head)
    } catch (error) {
      await this.sender.cannotSend(row, error)
    }
  }

  /**
   * Nonces of a sender that the pools hold; undefined when no node shows its pool: services for many often do not, or take too long over
   * all that is in it. Then the pools' next nonce says enough.
   */
  async #pooledNonces(sender: Address): Promise<Set<number> | undefined> {
    try {
      const pool = await this.chain.mpoolPending()
      return new Set(
        pool.filter(({ message }) => message.from === sender).map(({ message }) => message.nonce),
      )
    } catch (error) {
      if (error instanceof ChainError) return undefined
      throw error
    }
  }
}

/** The nonce holds a message that does something else. Source: lotus chain/stmgr/searchwait.go (tipsetExecutedMessage). */
function isTaken(error: ChainError): boolean {
  return /message with equal nonce .* NOT a valid replacement/.test(error.text)
}

/** Fees that the operator named, held against what pools take. */
function manualFees(message: Message, { gasPremium, gasFeeCap, gasLimit }: NamedFees) {
  const least = leastReplacementPremium(message.gasPremium)
  if (gasPremium < least)
    throw refused(
      `increase GasPremium to ${least} from ${gasPremium}: replace by fee has too low GasPremium (the pooled message has ${message.gasPremium})`,
    )
  if (gasFeeCap < gasPremium) throw refused(`the fee cap ${gasFeeCap} is below the premium ${gasPremium}`)
  if (gasLimit !== undefined && gasLimit < message.gasLimit)
    throw refused(
      `the gas limit ${gasLimit} is below the ${message.gasLimit} that the message was estimated to need`,
    )
  return { gasPremium, gasFeeCap, gasLimit: gasLimit ?? message.gasLimit }
}

function refused(reason: string): MinerError {
  return new MinerError({ code: 'BAD_REQUEST', reason })
}
