import { Injectable } from '@nestjs/common'
import type { Address, Message } from '@sealane/actors'
import { ChainError, ChainPort, type TipSet } from '@sealane/chain'
import { type AttoFil, attoFil, formatFil } from '@sealane/fil-units'
import { Alerts } from '../alert/alerts.js'
import { MinerError } from '../miner-error.js'
import type { MessageClass } from '../policy/message-class.js'
import { Policy } from '../policy/policy.js'
import { inStateOf } from './in-state-of.js'
import { MessageStore, type StoredMessage } from './message-store.js'

/** Gives planned messages gas that their sender can pay and their class's cap allows. Signs nothing. */
@Injectable()
export class MessagePricing {
  constructor(
    private readonly chain: ChainPort,
    private readonly store: MessageStore,
    private readonly policy: Policy,
    private readonly alerts: Alerts,
  ) {}

  /** The message with gas, affordable and within its class's cap. Throws with the reason when it is not. */
  async price(row: StoredMessage, head: TipSet): Promise<Message> {
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
    const open = await this.store.open(row.from_address)
    const committed = committedOf(open, head)
    const room = attoFil(balance - planned.value - committed)
    if (messageClass === 'windowPost') {
      // A proof must never wait below a risen base fee: it may cost up to its cap, or what the address can pay.
      // Source: filecoin-project/lotus PR #9746 (MaximizeWindowPoStFeeCap). What it may cost is bound until it executes: a share is
      // left to each proof that waits beside it, and one to the next, or they would go out one after the other.
      const waiting = open.filter(({ class: of, state }) => of === 'windowPost' && isUnsigned(state)).length
      const share = attoFil(room / BigInt(waiting + 1))
      const most = smaller(share, maxFee) / BigInt(message.gasLimit)
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

  #poor(row: StoredMessage, has: AttoFil, value: AttoFil, fee: AttoFil): MinerError {
    const needs = attoFil(value + fee)
    const text = `${row.from_address} has ${formatFil(has)} free, this ${row.class} message needs ${formatFil(needs)} (value ${formatFil(value)} + fees up to ${formatFil(fee)}): send it ${formatFil(attoFil(needs - has))}`
    this.alerts.raise('low-balance', `${row.from_address} cannot pay for a ${row.class} message`)
    return new MinerError(
      { code: 'INSUFFICIENT_FUNDS', address: row.from_address, has: formatFil(has), needs: formatFil(needs) },
      text,
    )
  }
}

/** What messages whose cost is not in the balance at `head` yet may still take from their sender, attoFIL. */
function committedOf(open: readonly StoredMessage[], head: TipSet): bigint {
  return open
    .filter((row) => row.cid !== null && !inStateOf(head, row))
    .reduce(
      (sum, row) => sum + BigInt(row.value) + BigInt(row.gas_limit ?? 0) * BigInt(row.gas_fee_cap ?? '0'),
      0n,
    )
}

function isUnsigned(state: StoredMessage['state']): boolean {
  return state === 'Planned' || state === 'Held'
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
