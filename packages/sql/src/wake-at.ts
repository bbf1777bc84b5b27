import type { Kysely, Selectable } from 'kysely'

type Waking<DB> = { [T in keyof DB]: DB[T] extends { wake_at: unknown } ? T : never }[keyof DB] & string

/**
 * Rows of `table` whose `wake_at` (unix ms, indexed; NULL = waits for an event) has come, the longest due first.
 * What reconcile reads at start and every minute: never all rows.
 */
export async function dueRows<DB, T extends Waking<DB>>(
  db: Kysely<DB>,
  table: T,
  now: number,
  limit = 1000,
): Promise<Selectable<DB[T]>[]> {
  const loose = db as unknown as Kysely<Record<string, Record<string, unknown>>>
  const rows = await loose
    .selectFrom(table)
    .selectAll()
    .where('wake_at', '<=', now)
    .orderBy('wake_at')
    .limit(limit)
    .execute()
  return rows as Selectable<DB[T]>[]
}

/**
 * How long to wait before try number `tries + 1`: doubles from `baseMs` up to `capMs`, in ms.
 * Without `random` (0 ≤ r < 1) it is exact; with it the wait is spread over 50–100 %.
 */
export function backoffMs(tries: number, o: { baseMs: number; capMs: number; random?: number }): number {
  const fullMs = Math.min(o.capMs, o.baseMs * 2 ** Math.min(tries, 40))
  return o.random === undefined ? fullMs : Math.round(fullMs * (0.5 + o.random / 2))
}
