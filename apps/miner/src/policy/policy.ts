import { Injectable } from '@nestjs/common'
import { type Address, idOf, type Message, marketActor, powerActor } from '@sealane/actors'
import { type AttoFil, formatFil } from '@sealane/fil-units'
import type { MinerTransaction } from '../database.js'
import { MinerError } from '../miner-error.js'
import type { AskCaps, ClassCaps, DealCaps } from './caps.js'
import { classRules, type MessageClass, type Receiver } from './message-class.js'

/** Proof that policy allowed these exact bytes to be signed. Only {@link Policy} makes one, and the wallet signs nothing else. */
export class Permit {
  private constructor(
    readonly kind: 'message' | 'ask',
    readonly address: Address,
    readonly reason: string,
    readonly requestId: string,
    readonly message: Message | undefined,
    readonly bytes: Uint8Array | undefined,
  ) {}
  /** @internal for Policy only; a source test keeps other callers out. */
  static grant(o: {
    kind: 'message' | 'ask'
    address: Address
    reason: string
    requestId: string
    message?: Message
    bytes?: Uint8Array
  }): Permit {
    return new Permit(o.kind, o.address, o.reason, o.requestId, o.message, o.bytes)
  }
}

export interface PolicyOptions {
  readonly caps: ClassCaps
  readonly deals: DealCaps
  readonly asks: AskCaps
  /** True for addresses that the owner may send money to: our own keys, and those the configuration names. */
  readonly mayFund: (address: Address) => boolean
}

/** What this miner may sign, and how much it may spend. Refuses with MinerError POLICY (never) or OVER_CAP (not today). */
@Injectable()
export class Policy {
  constructor(private readonly o: PolicyOptions) {}

  cap(messageClass: MessageClass) {
    return this.o.caps[messageClass]
  }

  /** Checks what can be checked before gas is known: class, receiver, method, value of one message. */
  judge(
    messageClass: MessageClass,
    message: { to: Address; from: Address; method: number; value: AttoFil },
    miner: Address | undefined,
  ): void {
    const rule = classRules[messageClass]
    const refuse = (reason: string) => new MinerError({ code: 'POLICY', class: messageClass, reason })
    if (!rule.methods.includes(message.method))
      throw refuse(`method ${message.method} is not allowed for ${messageClass}`)
    const right =
      rule.receiver === 'funded'
        ? this.o.mayFund(message.to) && message.to !== message.from
        : message.to === receiver(rule.receiver, message.from, miner)
    if (!right && rule.receiver === 'funded') {
      throw refuse(
        `${message.to} may not be paid: it is neither another key of this miner nor in policy.fund_addresses`,
      )
    }
    if (!right) throw refuse(`${message.to} is not the receiver ${messageClass} messages go to`)
    if (message.value < 0n || (rule.receiver === 'self' && message.value !== 0n))
      throw refuse('value must not move')
    const { maxValue } = this.o.caps[messageClass]
    if (message.value > maxValue) {
      throw new MinerError(
        {
          code: 'OVER_CAP',
          what: `value of a ${messageClass} message`,
          cap: formatFil(maxValue),
          wanted: formatFil(message.value),
          who: '',
          daily: false,
        },
        `a ${messageClass} message of ${formatFil(message.value)} is over its cap of ${formatFil(maxValue)}: raise policy.${messageClass} if it is right`,
      )
    }
  }

  /**
   * Allows one signature, and books its value and fee on the day, in the transaction that stores the signing.
   * `previousFee`: fee already booked for the signing it replaces; its value is not booked twice.
   */
  async permit(
    trx: MinerTransaction,
    o: {
      class: MessageClass
      message: Message
      miner: Address | undefined
      reason: string
      requestId: string
      now: number
      replacedFee?: AttoFil
    },
  ): Promise<Permit> {
    this.judge(o.class, o.message, o.miner)
    const cap = this.o.caps[o.class]
    const fee = (BigInt(o.message.gasLimit) * o.message.gasFeeCap) as AttoFil
    if (fee > cap.maxFee) {
      throw new MinerError(
        {
          code: 'OVER_CAP',
          what: `fee of a ${o.class} message`,
          cap: formatFil(cap.maxFee),
          wanted: formatFil(fee),
          who: '',
          daily: false,
        },
        `gas limit × fee cap is ${formatFil(fee)}, over the ${o.class} cap of ${formatFil(cap.maxFee)}`,
      )
    }
    const day = dayOf(o.now)
    if (o.replacedFee === undefined) {
      await book(trx, {
        day,
        what: `value of ${o.class} messages`,
        who: '',
        amount: o.message.value,
        cap: cap.dailyValue,
        print: formatAtto,
      })
    }
    if (cap.dailyFee !== undefined) {
      const amount = fee - (o.replacedFee ?? 0n)
      await book(trx, {
        day,
        what: `fees of ${o.class} messages`,
        who: '',
        amount,
        cap: cap.dailyFee,
        print: formatAtto,
      })
    }
    const { message, reason, requestId } = o
    return Permit.grant({ kind: 'message', address: message.from, reason, requestId, message })
  }

  /** Books a deal's collateral and bytes on the day, in all and for its client. */
  async bookDeal(
    trx: MinerTransaction,
    o: { client: Address; collateral: AttoFil; paddedSize: bigint; now: number },
  ): Promise<string> {
    const day = dayOf(o.now)
    const { collateral, bytes, clientCollateral, clientBytes } = this.o.deals
    const money = { day, what: 'collateral of deals', amount: o.collateral, print: formatAtto }
    const size = { day, what: 'bytes of deals', amount: o.paddedSize, print: String }
    await book(trx, { ...money, who: '', cap: collateral })
    await book(trx, { ...money, who: o.client, cap: clientCollateral })
    await book(trx, { ...size, who: '', cap: bytes })
    await book(trx, { ...size, who: o.client, cap: clientBytes })
    return day
  }

  /**
   * Allows a storage ask of our own miner to be signed with its worker key, and books it on the day. What it offers may not be below
   * home's own least price: it comes from abroad, and a client may hold us to what the worker key signed.
   */
  async permitAsk(
    trx: MinerTransaction,
    o: {
      worker: Address
      bytes: Uint8Array
      ask: { miner: Address; price: bigint; verifiedPrice: bigint }
      miner: Address
      requestId: string
      now: number
    },
  ): Promise<Permit> {
    const refuse = (reason: string) => new MinerError({ code: 'POLICY', class: 'ask', reason }, reason)
    if (o.ask.miner !== o.miner) throw refuse(`the ask names ${o.ask.miner}, we are ${o.miner}`)
    const least = this.o.asks.minPricePerGib
    // Verified deals are not taken, so what they would cost binds nobody.
    if (o.ask.price < least || o.ask.verifiedPrice < 0n) {
      const price = formatAtto(o.ask.price)
      throw refuse(`the ask's price of ${price} is below publish.min_price of ${formatAtto(least)} at home`)
    }
    await book(trx, {
      day: dayOf(o.now),
      what: 'asks',
      who: '',
      amount: 1n,
      cap: this.o.asks.daily,
      print: String,
    })
    return Permit.grant({
      kind: 'ask',
      address: o.worker,
      reason: 'storage ask',
      requestId: o.requestId,
      bytes: o.bytes,
    })
  }
}

/** The UTC day caps are counted by, `2026-01-31`. */
export function dayOf(now: number): string {
  return new Date(now).toISOString().slice(0, 10)
}

/** Unix ms at which the day after `now` begins: when a daily cap is free again. */
export function nextDay(now: number): number {
  return Date.parse(dayOf(now)) + 86_400_000
}

function receiver(
  kind: Exclude<Receiver, 'funded'>,
  from: Address,
  miner: Address | undefined,
): Address | undefined {
  switch (kind) {
    case 'miner':
      return miner !== undefined && idOf(miner) !== undefined ? miner : undefined
    case 'power':
      return powerActor
    case 'market':
      return marketActor
    case 'self':
      return from
  }
}

const formatAtto = (amount: bigint) => formatFil(amount as AttoFil)

async function book(
  trx: MinerTransaction,
  o: {
    day: string
    what: string
    who: string
    amount: bigint
    cap: bigint
    print: (amount: bigint) => string
  },
): Promise<void> {
  if (o.amount === 0n) return
  const { day, what, who } = o
  const row = await trx
    .selectFrom('daily_spend')
    .select('amount')
    .where('day', '=', day)
    .where('what', '=', what)
    .where('who', '=', who)
    .executeTakeFirst()
  const total = BigInt(row?.amount ?? '0') + o.amount
  if (total > o.cap) {
    const whose = who === '' ? '' : ` for ${who}`
    throw new MinerError(
      { code: 'OVER_CAP', what, cap: o.print(o.cap), wanted: o.print(total), who, daily: true },
      `${what}${whose} would reach ${o.print(total)} today, over the daily cap of ${o.print(o.cap)}: waits for tomorrow or a higher cap`,
    )
  }
  await trx
    .insertInto('daily_spend')
    .values({ day, what, who, amount: total.toString() })
    .onConflict((conflict) =>
      conflict.columns(['day', 'what', 'who']).doUpdateSet({ amount: total.toString() }),
    )
    .execute()
}
