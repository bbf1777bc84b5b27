import type { Kysely, Transaction } from 'kysely'
import { SqlError } from './sql-error.js'

type Loose = Record<string, Record<string, unknown>>

/** A table's columns as they are written, without `turn`, which only compareAndSet moves. */
type Changes<Row> = { [C in Exclude<keyof Row, 'turn'>]?: Row[C] | undefined }

/**
 * Saves `changes` to the row of `table` named by `key` if it still is at `turn`, moves the row to
 * `turn + 1` and returns that. Throws SqlError STALE_TURN (`retry`: read again, decide again) when
 * the row has moved on or is gone. The table must have an integer column `turn`.
 */
export async function compareAndSet<DB, T extends keyof DB & string>(
  trx: Kysely<DB> | Transaction<DB>,
  table: T,
  key: { [C in keyof DB[T]]?: DB[T][C] | undefined } | Record<string, string | number>,
  turn: number,
  changes: Changes<DB[T]> | Record<string, string | number | null>,
): Promise<number> {
  const loose = trx as unknown as Kysely<Loose>
  const name: string = table
  let update = loose
    .updateTable(name)
    .set({ ...changes, turn: turn + 1 })
    .where('turn', '=', turn)
  for (const [column, value] of Object.entries(key)) update = update.where(column, '=', value)
  const result = await update.executeTakeFirst()
  if (result.numUpdatedRows === 1n) return turn + 1
  if (result.numUpdatedRows > 1n) throw new TypeError(`compareAndSet on ${table}: the key names several rows`)
  throw new SqlError({ code: 'STALE_TURN', table, key: Object.values(key).join('/'), turn })
}
