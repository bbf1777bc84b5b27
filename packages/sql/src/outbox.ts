import type { Kysely, Transaction } from 'kysely'
import { newIncarnation } from './incarnation.js'
import type { Migration } from './migrate.js'
import { SqlError } from './sql-error.js'
import { backoffMs } from './wake-at.js'
import { writing } from './writing.js'

/** Add these to an app's migrations; the tables are this package's own, reach them through `openOutbox`. */
export const outboxMigration: Migration = {
  name: 'sealane-outbox-1',
  statements: [
    `CREATE TABLE outbox_sender (only INTEGER PRIMARY KEY CHECK (only = 1), sender TEXT NOT NULL, next_sequence INTEGER NOT NULL)`,
    `CREATE TABLE outbox (
       subject TEXT PRIMARY KEY, sequence INTEGER NOT NULL, snapshot TEXT NOT NULL,
       put_at INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0, wake_at INTEGER NOT NULL)`,
    `CREATE INDEX outbox_wake_at ON outbox (wake_at)`,
  ],
}

interface OutboxTables {
  outbox_sender: { only: 1; sender: string; next_sequence: number }
  outbox: {
    subject: string
    sequence: number
    snapshot: string
    put_at: number
    tries: number
    wake_at: number
  }
}

/** One message under way: the whole snapshot of its subject, so that only the newest counts. */
export interface OutboxMessage {
  /** `<name>~<incarnation>`: a database born later has a greater incarnation. */
  readonly sender: string
  readonly subject: string
  /** Grows with every put of this sender, over all subjects. */
  readonly sequence: number
  readonly snapshot: unknown
  /** Unix ms of the put. */
  readonly putAt: number
  /** How often it was sent before. */
  readonly tries: number
}

export interface Outbox {
  readonly sender: string
  /** Writes the newest snapshot of `subject` and returns its sequence; call it in the transaction that changed the subject. */
  put<DB>(trx: Transaction<DB>, subject: string, snapshot: unknown, now: number): Promise<number>
  /** Messages due at `now` (unix ms), the longest waiting first. */
  unacknowledged(now: number, limit?: number): Promise<OutboxMessage[]>
  /** Call after handing messages to the queue: each sleeps 5 s, 10 s … 5 min before it is due again. */
  sent(messages: readonly OutboxMessage[], now: number): Promise<void>
  /** Ends `subject` up to `sequence`; an acknowledgement for another sender or an older sequence changes nothing. Returns whether it ended. */
  acknowledge(sender: string, subject: string, sequence: number): Promise<boolean>
  /** How many wait, and since when the oldest does (unix ms): for health and status. */
  waiting(): Promise<{ count: number; since: number | undefined }>
  /** Starts a new incarnation and makes all waiting messages due at once. For a database restored from a backup. */
  reincarnate(now: number): Promise<string>
}

/** A snapshot larger than this does not belong in a queue. Unit: bytes of JSON. */
const MAX_SNAPSHOT_BYTES = 64 * 1024

/**
 * The outbox of a database. `name` says who sends (`provider`, `sealer`); the incarnation is made once per database and kept in it.
 * Snapshots are JSON: bigint is written as a decimal string, bytes as base64.
 */
export async function openOutbox<DB>(db: Kysely<DB>, o: { name: string; now: number }): Promise<Outbox> {
  const own = db as unknown as Kysely<OutboxTables>
  let sender = await writing(own, async (trx) => {
    const row = await trx.selectFrom('outbox_sender').select('sender').executeTakeFirst()
    if (row !== undefined) return row.sender
    const fresh = `${o.name}~${newIncarnation(o.now)}`
    await trx.insertInto('outbox_sender').values({ only: 1, sender: fresh, next_sequence: 1 }).execute()
    return fresh
  })
  return {
    get sender() {
      return sender
    },
    async put(trx, subject, snapshot, now) {
      const text = JSON.stringify(snapshot, jsonValue)
      const sizeBytes = Buffer.byteLength(text)
      if (sizeBytes > MAX_SNAPSHOT_BYTES) {
        throw new SqlError({ code: 'TOO_LARGE', subject, sizeBytes, maxBytes: MAX_SNAPSHOT_BYTES })
      }
      const mine = trx as unknown as Transaction<OutboxTables>
      const { next_sequence } = await mine
        .updateTable('outbox_sender')
        .set((eb) => ({ next_sequence: eb('next_sequence', '+', 1) }))
        .returning('next_sequence')
        .executeTakeFirstOrThrow()
      const sequence = next_sequence - 1
      const row = { sequence, snapshot: text, put_at: now, tries: 0, wake_at: now }
      await mine
        .insertInto('outbox')
        .values({ subject, ...row })
        .onConflict((conflict) => conflict.column('subject').doUpdateSet(row))
        .execute()
      return sequence
    },
    async unacknowledged(now, limit = 500) {
      const rows = await own
        .selectFrom('outbox')
        .selectAll()
        .where('wake_at', '<=', now)
        .orderBy('wake_at')
        .limit(limit)
        .execute()
      return rows.map((row) => ({
        sender,
        subject: row.subject,
        sequence: row.sequence,
        snapshot: JSON.parse(row.snapshot) as unknown,
        putAt: row.put_at,
        tries: row.tries,
      }))
    },
    async sent(messages, now) {
      await writing(own, async (trx) => {
        for (const { subject, sequence, tries } of messages) {
          const wake_at = now + backoffMs(tries, { baseMs: 5_000, capMs: 300_000 })
          await trx
            .updateTable('outbox')
            .set({ tries: tries + 1, wake_at })
            .where('subject', '=', subject)
            .where('sequence', '=', sequence)
            .execute()
        }
      })
    },
    async acknowledge(from, subject, sequence) {
      if (from !== sender) return false
      const { numDeletedRows } = await own
        .deleteFrom('outbox')
        .where('subject', '=', subject)
        .where('sequence', '<=', sequence)
        .executeTakeFirst()
      return numDeletedRows === 1n
    },
    async waiting() {
      const row = await own
        .selectFrom('outbox')
        .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.min('put_at').as('since')])
        .executeTakeFirstOrThrow()
      return { count: row.count, since: row.since ?? undefined }
    },
    async reincarnate(now) {
      const fresh = `${o.name}~${newIncarnation(now)}`
      await writing(own, async (trx) => {
        await trx.updateTable('outbox_sender').set({ sender: fresh }).execute()
        await trx.updateTable('outbox').set({ wake_at: now, tries: 0 }).execute()
      })
      sender = fresh
      return fresh
    },
  }
}

/** JSON.stringify replacer of the house: bigint as decimal string, bytes as base64. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  return value
}
