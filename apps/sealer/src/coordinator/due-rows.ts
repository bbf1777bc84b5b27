import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { SealerDb } from '../sealer-db.js'

/** Rows read at a time; the rest follow when these are worked. */
const AT_ONCE = 500

/** The two index reads a waker lives on: keys that are due, and when the next one is. */
export function dueRows<Key extends number | string>(
  db: Kysely<SealerDb>,
  table: 'sectors' | 'pieces',
  key: string,
  only: RawBuilder<unknown> = sql`1`,
) {
  return {
    due: async (nowMs: number): Promise<Key[]> => {
      const { rows } = await sql<{ key: Key }>`SELECT ${sql.ref(key)} AS key FROM ${sql.table(table)}
        WHERE wake_at <= ${nowMs} AND ${only} ORDER BY wake_at LIMIT ${sql.lit(AT_ONCE)}`.execute(db)
      return rows.map((row) => row.key)
    },
    nextWakeAt: async (nowMs: number): Promise<number | undefined> => {
      const { rows } = await sql<{ at: number | null }>`SELECT MIN(wake_at) AS at FROM ${sql.table(table)}
        WHERE wake_at > ${nowMs} AND ${only}`.execute(db)
      return rows[0]?.at ?? undefined
    },
  }
}
