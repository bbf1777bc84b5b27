import { deflateRawSync, inflateRawSync } from 'node:zlib'
import {
  type Cid,
  decodeSignedMessage,
  encodeSignedMessage,
  messageCid,
  type SignedMessage,
  signedMessageCid,
} from '@sealane/actors'
import type { BlockHeader } from '@sealane/chain'
import { migrate, openDatabase, writing } from '@sealane/sql'
import type { Kysely, Transaction } from 'kysely'
import type { IpldObject } from '../blocks/amt.js'
import { blockHeaderCodec } from '../blocks/block-codec.js'
import { migrations } from './migrations.js'

interface Tables {
  facts: { name: string; value: string }
  states: { root: string; body: Buffer }
  blocks: {
    cid: string
    height: number
    parent: string
    header: Buffer
    post_root: string
    message_count: number
  }
  canonical: { height: number; block: string; message_count: number }
  messages: {
    cid: string
    unsigned_cid: string
    sender: string
    nonce: number
    receiver: string
    bytes: Buffer
  }
  inclusions: {
    block: string
    position: number
    message: string
    exit_code: number
    returned: Buffer
    gas_used: number
    gas_cost: string
    error: string
    trace: string
  }
  objects: { cid: string; bytes: Buffer }
  pool: { message: string; arrival: number }
  keys: { address: string; key: string; created: number }
  pushes: { uuid: string; message: string }
}

export interface StoredBlock {
  readonly cid: Cid
  readonly header: BlockHeader
  /** Root of the state after this block's messages and cron: what its child reports as parent state. */
  readonly postRoot: Cid
  readonly messageCount: number
}

/** A message where a block carried it. */
export interface Inclusion {
  readonly block: Cid
  readonly position: number
  readonly message: Cid
  readonly exitCode: number
  readonly returned: Uint8Array
  readonly gasUsed: number
  /** JSON of `GasOutputs`, amounts as decimal strings. */
  readonly gasCost: string
  readonly error: string
  /** JSON of the execution trace. */
  readonly trace: string
}

export interface NewBlock {
  readonly block: StoredBlock
  readonly inclusions: readonly Inclusion[]
  readonly objects: readonly IpldObject[]
}

export interface PooledRow {
  readonly cid: Cid
  readonly signed: SignedMessage
  readonly arrival: number
}

/** What one durable step of the chain writes, all or nothing. */
export interface ChainStep {
  /** Heights from here on are taken off the chain first; undefined when nothing is reverted. */
  readonly revertFrom?: number
  readonly blocks: readonly NewBlock[]
  /** Root and encoded text of states not stored yet. */
  readonly states: ReadonlyMap<Cid, string>
  /** Leaves the pool. */
  readonly unpooled: readonly Cid[]
  /** Comes back into the pool, from reverted blocks. */
  readonly repooled: readonly { cid: Cid; arrival: number }[]
  /** Facts by name; values are stored as JSON. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** SQLite allows 32,766 bound values in a statement; rows here have at most 9. */
const rowsPerInsert = 500

/** The devnet's database. What resolves is durable. */
export class ChainStore {
  private constructor(private readonly db: Kysely<Tables>) {}

  /** Opens or creates the database. Throws SqlError when it is damaged or newer than this program. */
  static async open(path: string): Promise<ChainStore> {
    const db = await openDatabase<Tables>(`sqlite:${path}`)
    await migrate(db, migrations)
    return new ChainStore(db)
  }

  async close(): Promise<void> {
    await this.db.destroy()
  }

  async fact<T>(name: string): Promise<T | undefined> {
    const row = await this.db.selectFrom('facts').select('value').where('name', '=', name).executeTakeFirst()
    return row === undefined ? undefined : (JSON.parse(row.value) as T)
  }

  async setFact(name: string, value: unknown): Promise<void> {
    await writing(this.db, (trx) => putFact(trx, name, value))
  }

  async commit(step: ChainStep): Promise<void> {
    await writing(this.db, async (trx) => {
      if (step.revertFrom !== undefined) {
        await trx.deleteFrom('canonical').where('height', '>=', step.revertFrom).execute()
      }
      for (const [root, text] of step.states) {
        await trx
          .insertInto('states')
          .values({ root, body: deflateRawSync(text, { level: 1 }) })
          .onConflict((conflict) => conflict.doNothing())
          .execute()
      }
      for (const group of groups(step.blocks)) {
        await trx
          .insertInto('blocks')
          .values(group.map(({ block }) => blockRow(block)))
          .onConflict((conflict) => conflict.doNothing())
          .execute()
        await trx
          .insertInto('canonical')
          .values(
            group.map(({ block }) => ({
              height: block.header.height,
              block: block.cid,
              message_count: block.messageCount,
            })),
          )
          .execute()
      }
      for (const group of groups(step.blocks.flatMap((one) => one.inclusions))) {
        await trx
          .insertInto('inclusions')
          .values(group.map(inclusionRow))
          .onConflict((conflict) => conflict.doNothing())
          .execute()
      }
      for (const group of groups(step.blocks.flatMap((one) => one.objects))) {
        await trx
          .insertInto('objects')
          .values(group.map(({ cid, bytes }) => ({ cid, bytes: Buffer.from(bytes) })))
          .onConflict((conflict) => conflict.doNothing())
          .execute()
      }
      for (const group of groups(step.unpooled)) {
        await trx.deleteFrom('pool').where('message', 'in', group).execute()
      }
      for (const group of groups(step.repooled)) {
        await trx
          .insertInto('pool')
          .values(group.map(({ cid, arrival }) => ({ message: cid, arrival })))
          .onConflict((conflict) => conflict.doNothing())
          .execute()
      }
      for (const [name, value] of Object.entries(step.facts)) await putFact(trx, name, value)
    })
  }

  async block(cid: Cid): Promise<StoredBlock | undefined> {
    const row = await this.db.selectFrom('blocks').selectAll().where('cid', '=', cid).executeTakeFirst()
    return row === undefined ? undefined : blockOf(row)
  }

  async canonicalHead(): Promise<StoredBlock | undefined> {
    return await this.#canonical((query) => query.orderBy('height', 'desc'))
  }

  async canonicalAtOrBefore(height: number): Promise<StoredBlock | undefined> {
    return await this.#canonical((query) => query.where('height', '<=', height).orderBy('height', 'desc'))
  }

  async canonicalAfter(height: number): Promise<StoredBlock | undefined> {
    return await this.#canonical((query) => query.where('height', '>', height).orderBy('height', 'asc'))
  }

  async #canonical(
    narrow: (query: ReturnType<typeof canonicalBlocks>) => ReturnType<typeof canonicalBlocks>,
  ): Promise<StoredBlock | undefined> {
    const row = await narrow(canonicalBlocks(this.db)).limit(1).executeTakeFirst()
    return row === undefined ? undefined : await this.block(row.block as Cid)
  }

  /** Newest canonical height, at or before `height`, whose block carries a message. */
  async lastHeightWithMessages(height: number): Promise<number | undefined> {
    const row = await this.db
      .selectFrom('canonical')
      .select('height')
      .where('message_count', '>', 0)
      .where('height', '<=', height)
      .orderBy('height', 'desc')
      .limit(1)
      .executeTakeFirst()
    return row?.height
  }

  /** Encoded text of a state. */
  async state(root: Cid): Promise<string | undefined> {
    const row = await this.db.selectFrom('states').select('body').where('root', '=', root).executeTakeFirst()
    return row === undefined ? undefined : inflateRawSync(row.body).toString('utf8')
  }

  async inclusionsIn(block: Cid): Promise<Inclusion[]> {
    const rows = await this.db
      .selectFrom('inclusions')
      .selectAll()
      .where('block', '=', block)
      .orderBy('position')
      .execute()
    return rows.map(inclusionOf)
  }

  /** Where a message is on the chain now, with its height. */
  async canonicalInclusion(message: Cid): Promise<(Inclusion & { height: number }) | undefined> {
    const row = await this.db
      .selectFrom('inclusions')
      .innerJoin('canonical', 'canonical.block', 'inclusions.block')
      .selectAll('inclusions')
      .select('canonical.height as height')
      .where('inclusions.message', '=', message)
      .executeTakeFirst()
    return row === undefined ? undefined : { ...inclusionOf(row), height: row.height }
  }

  /** The message on the chain now that used this nonce of this sender. */
  async canonicalByNonce(sender: string, nonce: number): Promise<Cid | undefined> {
    const row = await this.db
      .selectFrom('messages')
      .innerJoin('inclusions', 'inclusions.message', 'messages.cid')
      .innerJoin('canonical', 'canonical.block', 'inclusions.block')
      .select('messages.cid as cid')
      .where('messages.sender', '=', sender)
      .where('messages.nonce', '=', nonce)
      .executeTakeFirst()
    return row?.cid as Cid | undefined
  }

  /** Chain CIDs of messages on the chain between two heights, newest first. */
  async listMessages(
    o: { senders?: readonly string[]; receivers?: readonly string[] },
    from: number,
    to: number,
  ): Promise<Cid[]> {
    let query = this.db
      .selectFrom('messages')
      .innerJoin('inclusions', 'inclusions.message', 'messages.cid')
      .innerJoin('canonical', 'canonical.block', 'inclusions.block')
      .select('messages.cid as cid')
      .where('canonical.height', '>=', from)
      .where('canonical.height', '<=', to)
      .orderBy('canonical.height', 'desc')
      .orderBy('inclusions.position')
    if (o.senders !== undefined) query = query.where('messages.sender', 'in', o.senders)
    if (o.receivers !== undefined) query = query.where('messages.receiver', 'in', o.receivers)
    return (await query.execute()).map((row) => row.cid as Cid)
  }

  /** A signed message by its chain CID, or by the CID of its unsigned form. */
  async message(cid: Cid): Promise<SignedMessage | undefined> {
    const row =
      (await this.db.selectFrom('messages').select('bytes').where('cid', '=', cid).executeTakeFirst()) ??
      (await this.db
        .selectFrom('messages')
        .select('bytes')
        .where('unsigned_cid', '=', cid)
        .executeTakeFirst())
    return row === undefined ? undefined : decodeSignedMessage(new Uint8Array(row.bytes))
  }

  async object(cid: Cid): Promise<Uint8Array | undefined> {
    const row = await this.db.selectFrom('objects').select('bytes').where('cid', '=', cid).executeTakeFirst()
    return row === undefined ? undefined : new Uint8Array(row.bytes)
  }

  /** The pool as it was left, in order of arrival. */
  async pool(): Promise<PooledRow[]> {
    const rows = await this.db
      .selectFrom('pool')
      .innerJoin('messages', 'messages.cid', 'pool.message')
      .select(['messages.cid as cid', 'messages.bytes as bytes', 'pool.arrival as arrival'])
      .orderBy('pool.arrival')
      .execute()
    return rows.map(({ cid, bytes, arrival }) => ({
      cid: cid as Cid,
      signed: decodeSignedMessage(new Uint8Array(bytes)),
      arrival,
    }))
  }

  /** Adds a message to the pool, in place of another perhaps; with `uuid`, remembers which push it answers. */
  async addToPool(o: {
    signed: SignedMessage
    sender: string
    receiver: string
    arrival: number
    replaces?: Cid
    uuid?: string
  }): Promise<void> {
    const cid = signedMessageCid(o.signed)
    await writing(this.db, async (trx) => {
      await trx
        .insertInto('messages')
        .values({
          cid,
          unsigned_cid: messageCid(o.signed.message),
          sender: o.sender,
          nonce: o.signed.message.nonce,
          receiver: o.receiver,
          bytes: Buffer.from(encodeSignedMessage(o.signed)),
        })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      if (o.replaces !== undefined) await trx.deleteFrom('pool').where('message', '=', o.replaces).execute()
      await trx
        .insertInto('pool')
        .values({ message: cid, arrival: o.arrival })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
      if (o.uuid !== undefined)
        await trx.insertInto('pushes').values({ uuid: o.uuid, message: cid }).execute()
    })
  }

  async removeFromPool(messages: readonly Cid[]): Promise<void> {
    await writing(this.db, async (trx) => {
      for (const group of groups(messages))
        await trx.deleteFrom('pool').where('message', 'in', group).execute()
    })
  }

  async pushed(uuid: string): Promise<Cid | undefined> {
    const row = await this.db
      .selectFrom('pushes')
      .select('message')
      .where('uuid', '=', uuid)
      .executeTakeFirst()
    return row?.message as Cid | undefined
  }

  /** Exported keys (lotus' KeyInfo JSON) by address, oldest first. */
  async keys(): Promise<{ address: string; key: string }[]> {
    return await this.db.selectFrom('keys').select(['address', 'key']).orderBy('created').execute()
  }

  async putKey(address: string, key: string, created: number): Promise<void> {
    await writing(this.db, async (trx) => {
      await trx
        .insertInto('keys')
        .values({ address, key, created })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    })
  }

  async deleteKey(address: string): Promise<void> {
    await writing(this.db, async (trx) => {
      await trx.deleteFrom('keys').where('address', '=', address).execute()
    })
  }
}

function canonicalBlocks(db: Kysely<Tables>) {
  return db.selectFrom('canonical').select('block')
}

async function putFact(trx: Transaction<Tables>, name: string, value: unknown): Promise<void> {
  const text = JSON.stringify(value)
  await trx
    .insertInto('facts')
    .values({ name, value: text })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: text }))
    .execute()
}

function groups<T>(rows: readonly T[]): T[][] {
  const all: T[][] = []
  for (let at = 0; at < rows.length; at += rowsPerInsert) all.push(rows.slice(at, at + rowsPerInsert))
  return all
}

function blockRow(block: StoredBlock): Tables['blocks'] {
  return {
    cid: block.cid,
    height: block.header.height,
    parent: block.header.parents[0] ?? '',
    header: Buffer.from(blockHeaderCodec.encode(block.header)),
    post_root: block.postRoot,
    message_count: block.messageCount,
  }
}

function blockOf(row: Tables['blocks']): StoredBlock {
  return {
    cid: row.cid as Cid,
    header: blockHeaderCodec.decode(new Uint8Array(row.header)),
    postRoot: row.post_root as Cid,
    messageCount: row.message_count,
  }
}

function inclusionRow(inclusion: Inclusion): Tables['inclusions'] {
  return {
    block: inclusion.block,
    position: inclusion.position,
    message: inclusion.message,
    exit_code: inclusion.exitCode,
    returned: Buffer.from(inclusion.returned),
    gas_used: inclusion.gasUsed,
    gas_cost: inclusion.gasCost,
    error: inclusion.error,
    trace: inclusion.trace,
  }
}

function inclusionOf(row: Tables['inclusions']): Inclusion {
  return {
    block: row.block as Cid,
    position: row.position,
    message: row.message as Cid,
    exitCode: row.exit_code,
    returned: new Uint8Array(row.returned),
    gasUsed: row.gas_used,
    gasCost: row.gas_cost,
    error: row.error,
    trace: row.trace,
  }
}
