import { randomUUID } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import type { Cid, Message, SignedMessage } from '@sealane/actors'
import { encodeSignedMessage, signedMessageCid } from '@sealane/actors'
import type { MessageReceipt, TipSetKey } from '@sealane/chain'
import { failureOf } from '@sealane/host'
import { knows, type MessageEvent, messageTransitions, next } from '@sealane/lifecycle'
import { compareAndSet } from '@sealane/sql'
import { type Selectable, sql } from 'kysely'
import { Clock } from '../clock.js'
import { type MessageTable, MinerDb, type MinerTransaction, type SigningTable } from '../database.js'
import { MinerError } from '../miner-error.js'
import { classRules } from '../policy/message-class.js'
import type { MessageRequest } from './message-request.js'

export type StoredMessage = Selectable<MessageTable>
export type Signing = Selectable<SigningTable>

/** A message of ours that the chain has executed. */
export interface Executed {
  readonly cid: Cid
  readonly message: Message
  readonly receipt: MessageReceipt
}

/** Where a receipt was found. */
export interface ExecutionPlace {
  /** Key and height of the tipset whose parent state holds the receipt. */
  readonly tipset: TipSetKey
  readonly epoch: number
  /** Epoch of the tipset that carries the message. */
  readonly includedEpoch: number
}

export function tipsetText(key: TipSetKey): string {
  return key.join(',')
}

/** The rows of messages and their signings. Every change of state goes through the lifecycle's table and compare-and-set. */
@Injectable()
export class MessageStore {
  constructor(
    private readonly db: MinerDb,
    private readonly clock: Clock,
  ) {}

  /** Plans a message, once per request id. The same id with other content throws MinerError REQUEST_REUSED. */
  async plan(trx: MinerTransaction, request: MessageRequest): Promise<StoredMessage> {
    const known = await trx
      .selectFrom('messages')
      .selectAll()
      .where('request_id', '=', request.requestId)
      .executeTakeFirst()
    if (known !== undefined) {
      const differs = difference(known, request)
      if (differs === undefined) return known
      throw new MinerError({ code: 'REQUEST_REUSED', requestId: request.requestId, differs })
    }
    const now = this.clock.now()
    return await trx
      .insertInto('messages')
      .values({
        uuid: randomUUID(),
        request_id: request.requestId,
        class: request.class,
        priority: classRules[request.class].priority,
        from_address: request.from,
        to_address: request.to,
        value: request.value.toString(),
        method: request.method,
        params: request.params,
        reason: request.reason,
        created_ms: now,
        state: 'Planned',
        state_since_ms: now,
        turn: 0,
        tries: 0,
        settled: 0,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  async byUuid(uuid: string): Promise<StoredMessage | undefined> {
    return await this.db.selectFrom('messages').selectAll().where('uuid', '=', uuid).executeTakeFirst()
  }

  async byRequestId(requestId: string): Promise<StoredMessage | undefined> {
    return await this.db
      .selectFrom('messages')
      .selectAll()
      .where('request_id', '=', requestId)
      .executeTakeFirst()
  }

  /** Senders that have something unsettled. */
  async openSenders(): Promise<string[]> {
    const rows = await this.db
      .selectFrom('messages')
      .select('from_address')
      .distinct()
      .where('settled', '=', sql.lit(0))
      .execute()
    return rows.map((row) => row.from_address)
  }

  /** Unsettled messages of a sender, in the order in which they should be signed. */
  async open(sender: string): Promise<StoredMessage[]> {
    return await this.db
      .selectFrom('messages')
      .selectAll()
      .where('settled', '=', sql.lit(0))
      .where('from_address', '=', sender)
      .orderBy('priority')
      .orderBy('created_ms')
      .orderBy('uuid')
      .execute()
  }

  /** True when some message of ours may be in the next tipset. */
  async anyUnderWay(): Promise<boolean> {
    const row = await this.db
      .selectFrom('messages')
      .select('uuid')
      .where('settled', '=', sql.lit(0))
      .where('state', 'in', ['Signed', 'Pushed', 'Included'])
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }

  async signing(cid: string): Promise<Signing | undefined> {
    return await this.db.selectFrom('signings').selectAll().where('cid', '=', cid).executeTakeFirst()
  }

  async signingsOf(uuid: string): Promise<Signing[]> {
    return await this.db
      .selectFrom('signings')
      .selectAll()
      .where('uuid', '=', uuid)
      .orderBy('signed_ms')
      .execute()
  }

  async signedNonces(sender: string, from: number): Promise<Set<number>> {
    const rows = await this.db
      .selectFrom('signings')
      .select('nonce')
      .where('from_address', '=', sender)
      .where('nonce', '>=', from)
      .execute()
    return new Set(rows.map((row) => row.nonce))
  }

  /** The nonce after the highest this database has given out, undefined for a sender it does not know. */
  async nextNonce(
    db: MinerDb | MinerTransaction,
    sender: string,
  ): Promise<{ nextNonce: number; turn: number } | undefined> {
    const row = await db.selectFrom('senders').selectAll().where('address', '=', sender).executeTakeFirst()
    return row === undefined ? undefined : { nextNonce: row.next_nonce, turn: row.turn }
  }

  /**
   * Stores a signing durably: from here on these bytes, or a declared replacement of them, are the only content of the nonce.
   * `replaces`: the CID it replaces; without it the unique index refuses a second content.
   */
  async storeSigning(
    trx: MinerTransaction,
    row: StoredMessage,
    signed: SignedMessage,
    replaces: string | undefined,
  ): Promise<Cid> {
    const { message } = signed
    const cid = signedMessageCid(signed)
    const fees = {
      gas_limit: message.gasLimit,
      gas_fee_cap: message.gasFeeCap.toString(),
      gas_premium: message.gasPremium.toString(),
    }
    await trx
      .insertInto('signings')
      .values({
        cid,
        uuid: row.uuid,
        from_address: row.from_address,
        nonce: message.nonce,
        signed: encodeSignedMessage(signed),
        ...fees,
        replaces: replaces ?? null,
        signed_ms: this.clock.now(),
      })
      .execute()
    if (replaces === undefined) {
      const known = await this.nextNonce(trx, row.from_address)
      const nextNonce = Math.max(known?.nextNonce ?? 0, message.nonce + 1)
      if (known === undefined) {
        await trx
          .insertInto('senders')
          .values({ address: row.from_address, next_nonce: nextNonce, turn: 0 })
          .execute()
      } else {
        // A second process that works the same database loses here, before its bytes leave it.
        await compareAndSet(trx, 'senders', { address: row.from_address }, known.turn, {
          next_nonce: nextNonce,
        })
      }
    }
    const event: MessageEvent = replaces === undefined ? 'signed' : 'pushed'
    await this.#move(trx, row, event, {
      nonce: message.nonce,
      cid,
      ...fees,
      why: null,
      failure: null,
      wake_at: null,
    })
    return cid
  }

  /** A node took the bytes of `cid`. */
  async accepted(trx: MinerTransaction, uuid: string, cid: string, headEpoch: number): Promise<void> {
    const now = this.clock.now()
    const row = await trx
      .selectFrom('messages')
      .selectAll()
      .where('uuid', '=', uuid)
      .executeTakeFirstOrThrow()
    await trx
      .updateTable('signings')
      .set({ accepted_ms: now })
      .where('cid', '=', cid)
      .where('accepted_ms', 'is', null)
      .execute()
    // On a fast chain it may have landed before the node answered.
    if (row.state !== 'Signed' && row.state !== 'Pushed') return
    await this.#move(trx, row, 'pushed', {
      first_pushed_epoch: row.first_pushed_epoch ?? headEpoch,
      first_pushed_ms: row.first_pushed_ms ?? now,
      pushed_epoch: headEpoch,
      pushed_ms: now,
      tries: 0,
      why: null,
      failure: null,
      wake_at: null,
    })
  }

  /** Restarts the clock that decides when the next replacement is due. */
  async replaced(trx: MinerTransaction, uuid: string, headEpoch: number): Promise<void> {
    await trx
      .updateTable('messages')
      .set({ first_pushed_epoch: headEpoch, first_pushed_ms: this.clock.now() })
      .where('uuid', '=', uuid)
      .execute()
  }

  /** Notes why nothing moves, and when to look again. The state stays. */
  async postpone(row: StoredMessage, error: unknown, why: string, wakeAt: number): Promise<void> {
    await this.db
      .updateTable('messages')
      .set({ why, failure: JSON.stringify(failureOf(error)), wake_at: wakeAt, tries: row.tries + 1 })
      .where('uuid', '=', row.uuid)
      .where('turn', '=', row.turn)
      .execute()
  }

  async hold(
    trx: MinerTransaction,
    row: StoredMessage,
    error: unknown,
    why: string,
    wakeAt: number,
  ): Promise<void> {
    const note = { why, failure: JSON.stringify(failureOf(error)), wake_at: wakeAt, tries: row.tries + 1 }
    if (row.state === 'Held') {
      await compareAndSet(trx, 'messages', { uuid: row.uuid }, row.turn, note)
      return
    }
    await this.#move(trx, row, 'held', note)
  }

  async release(trx: MinerTransaction, row: StoredMessage): Promise<void> {
    await this.#move(trx, row, 'released', { wake_at: null })
  }

  /** Ends a message that never got a nonce. */
  async refuse(trx: MinerTransaction, row: StoredMessage, error: unknown): Promise<void> {
    await this.#move(trx, row, 'refused', {
      why: error instanceof Error ? error.message : String(error),
      failure: JSON.stringify(failureOf(error)),
      wake_at: null,
      settled: 1,
    })
  }

  /** Ends a message whose nonce somebody else's message used, so long ago that no reorg gives it back. */
  async nonceTaken(trx: MinerTransaction, row: StoredMessage, why: string): Promise<void> {
    await this.#move(trx, row, 'nonceTaken', { why, failure: null, wake_at: null, settled: 1 })
  }

  /** Takes receipts back whose tipset left the chain: those messages are pushed again, the same bytes. Returns how many. */
  async revert(trx: MinerTransaction, tipset: TipSetKey): Promise<number> {
    const rows = await trx
      .selectFrom('messages')
      .selectAll()
      .where('executed_tipset', '=', tipsetText(tipset))
      .execute()
    await this.#takeBack(trx, rows, 'the tipset that held it was reverted; pushed again')
    return rows.length
  }

  /**
   * Takes back all receipts that are not believed yet, when nobody can tell whether their tipsets are still on the chain: each is looked
   * for anew. Returns how many.
   */
  async lostSight(trx: MinerTransaction): Promise<number> {
    const rows = await trx
      .selectFrom('messages')
      .selectAll()
      .where('settled', '=', sql.lit(0))
      .where('state', '=', 'Included')
      .execute()
    await this.#takeBack(trx, rows, 'no node knows the tipset the chain was followed to; looked for anew')
    return rows.length
  }

  async #takeBack(trx: MinerTransaction, rows: readonly StoredMessage[], why: string): Promise<void> {
    for (const row of rows) {
      await this.#move(trx, row, 'reverted', {
        executed_tipset: null,
        executed_epoch: null,
        included_epoch: null,
        exit_code: null,
        return_data: null,
        gas_used: null,
        settled: 0,
        pushed_epoch: null,
        why,
      })
    }
  }

  /**
   * Records what a tipset shows of our senders' nonces. Matches by executed CID and nonce, never by sender and receiver alone.
   * Returns the messages whose nonce somebody else's message took.
   */
  async executed(
    trx: MinerTransaction,
    place: ExecutionPlace,
    all: readonly Executed[],
  ): Promise<StoredMessage[]> {
    const taken: StoredMessage[] = []
    for (const { cid, message, receipt } of all) {
      const rivals = await trx
        .selectFrom('signings')
        .select(['cid', 'uuid'])
        .where('from_address', '=', message.from)
        .where('nonce', '=', message.nonce)
        .execute()
      if (rivals.length === 0) continue
      const winner = rivals.find((rival) => rival.cid === cid)
      for (const uuid of new Set(rivals.map((rival) => rival.uuid))) {
        const row = await trx
          .selectFrom('messages')
          .selectAll()
          .where('uuid', '=', uuid)
          .executeTakeFirstOrThrow()
        const receiptFacts = {
          executed_tipset: tipsetText(place.tipset),
          executed_epoch: place.epoch,
          included_epoch: place.includedEpoch,
        }
        if (uuid === winner?.uuid) {
          if (row.executed_tipset === receiptFacts.executed_tipset) continue
          await this.#move(trx, await this.#unsettled(trx, row), 'included', {
            ...receiptFacts,
            cid,
            exit_code: receipt.exitCode,
            return_data: receipt.return,
            gas_used: receipt.gasUsed,
            wake_at: null,
            why: null,
            failure: null,
            tries: 0,
          })
        } else if (row.state === 'Signed' || row.state === 'Pushed') {
          const event: MessageEvent = winner === undefined ? 'nonceTaken' : 'replaced'
          const why =
            winner === undefined
              ? `message ${cid}, not ours, used nonce ${message.nonce}`
              : `replaced by ${cid}`
          await this.#move(trx, row, event, { ...receiptFacts, why, settled: 1 })
          if (winner === undefined) taken.push(row)
        }
      }
    }
    return taken
  }

  /** Believes receipts that are deep enough. `depth`: epochs by class confidence. Returns the settled messages. */
  async confirm(
    trx: MinerTransaction,
    headEpoch: number,
    depth: Readonly<Record<'landing' | 'publish', number>>,
  ): Promise<StoredMessage[]> {
    const rows = await trx
      .selectFrom('messages')
      .selectAll()
      .where('settled', '=', sql.lit(0))
      .where('state', '=', 'Included')
      .where('executed_epoch', '<=', headEpoch - Math.min(depth.landing, depth.publish))
      .execute()
    const settled = rows.filter((row) => {
      const rule = classRules[row.class as keyof typeof classRules]
      return headEpoch - (row.executed_epoch ?? headEpoch) >= depth[rule.confidence]
    })
    for (const row of settled) {
      await this.#move(trx, row, row.exit_code === 0 ? 'confirmed' : 'failed', { settled: 1 })
    }
    return settled
  }

  /** A receipt in another tipset than the one recorded, without the revert having been seen: as if it had been. */
  async #unsettled(trx: MinerTransaction, row: StoredMessage): Promise<StoredMessage> {
    if (knows(messageTransitions, row.state, 'included')) return row
    await this.#move(trx, row, 'reverted', { settled: 0 })
    return await trx.selectFrom('messages').selectAll().where('uuid', '=', row.uuid).executeTakeFirstOrThrow()
  }

  async #move(
    trx: MinerTransaction,
    row: StoredMessage,
    event: MessageEvent,
    changes: Partial<MessageTable>,
  ): Promise<void> {
    const state = next('message', messageTransitions, row.state, event)
    const since = state === row.state ? {} : { state_since_ms: this.clock.now() }
    await compareAndSet(trx, 'messages', { uuid: row.uuid }, row.turn, { ...changes, state, ...since })
  }
}

function difference(known: StoredMessage, request: MessageRequest): string | undefined {
  const same: Record<string, boolean> = {
    class: known.class === request.class,
    from: known.from_address === request.from,
    to: known.to_address === request.to,
    method: known.method === request.method,
    params: Buffer.compare(known.params, request.params) === 0,
  }
  // The value is left out on purpose: deposits are estimates, and a repeat asked an epoch later may estimate anew.
  return Object.keys(same).find((name) => same[name] === false)
}
