import { randomUUID } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import { type Address, SEND } from '@sealane/actors'
import { ChainPort } from '@sealane/chain'
import { type AttoFil, attoFil, formatFil } from '@sealane/fil-units'
import { writing } from '@sealane/sql'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { MinerDb, type MinerTransaction } from '../database.js'
import type { StoredMessage } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { messageLost } from '../sectors/message-lost.js'
import { Wallet } from './wallet.js'

/**
 * Raises addresses to a balance from the owner's key. What is under way to an address is waited for, by its row: asking again, or a
 * crash anywhere, never pays twice. Whom it may pay is policy's word: our own keys, and `policy.fund_addresses`.
 */
@Injectable()
export class Funding {
  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly wallet: Wallet,
    private readonly messager: Messager,
  ) {}

  /**
   * Sends what `address` lacks to reach `target`, once its balance is below half of it. The message under way, or just asked for;
   * undefined when nothing is needed.
   */
  async raise(address: Address, target: AttoFil): Promise<StoredMessage | undefined> {
    const head = this.watch.head ?? (await this.chain.head())
    const balance = (await this.chain.getActor(address, head.key))?.balance ?? attoFil(0n)
    const message = await writing(this.db, async (trx) => {
      const sent = await sentTo(trx, address)
      const last = sent.at(-1)
      // What executed after that head is not in the balance: still under way, as far as the balance knows.
      const counted = last?.state === 'Confirmed' && (last.executed_epoch ?? head.height) <= head.height
      if (last !== undefined && !counted && messageLost(last) === undefined) return last
      if (balance * 2n >= target) return undefined
      return await this.messager.request(trx, {
        requestId: `${idsOf(address)}${sent.length + 1}`,
        class: 'fund',
        from: this.wallet.role('owner').address,
        to: address,
        value: attoFil(target - balance),
        method: SEND,
        params: new Uint8Array(),
        reason: `raise ${address} to ${formatFil(target)}`,
      })
    })
    this.messager.nudge()
    return message
  }

  /**
   * Sends so much from the key called `from`, once for each request id. Throws MinerError KEY_UNKNOWN, BAD_REQUEST, POLICY for an
   * address that may not be paid, OVER_CAP, REQUEST_REUSED when the id was used for something else.
   */
  async send(o: { from: string; to: Address; amount: AttoFil; requestId?: string }): Promise<StoredMessage> {
    const { to, amount, requestId = `wallet-send-${randomUUID()}` } = o
    const key = this.wallet.list().find(({ name }) => name === o.from)
    if (key === undefined) throw new MinerError({ code: 'KEY_UNKNOWN', name: o.from })
    if (amount <= 0n) throw new MinerError({ code: 'BAD_REQUEST', reason: 'an amount above 0 FIL is sent' })
    const message = await writing(this.db, async (trx) =>
      this.messager.request(trx, {
        requestId,
        class: 'fund',
        from: key.address,
        to,
        value: amount,
        method: SEND,
        params: new Uint8Array(),
        reason: `send ${formatFil(amount)} to ${to}, asked by the operator`,
      }),
    )
    if (message.value !== amount.toString())
      throw new MinerError({ code: 'REQUEST_REUSED', requestId, differs: 'value' })
    this.messager.nudge()
    return message
  }
}

function idsOf(address: Address): string {
  return `fund-${address}-`
}

/** All that was ever sent to raise an address, oldest first. */
async function sentTo(trx: MinerTransaction, address: Address): Promise<StoredMessage[]> {
  const rows = await trx
    .selectFrom('messages')
    .selectAll()
    .where('class', '=', 'fund')
    .where('to_address', '=', address)
    .where('request_id', 'like', `${idsOf(address)}%`)
    .execute()
  const count = (row: StoredMessage) => Number(row.request_id.slice(idsOf(address).length))
  return rows.sort((a, b) => count(a) - count(b))
}
