import type { Insertable, Transaction } from 'kysely'
import { runDirectly } from './sqlite-driver.js'

/** Texts of INSERTs by table, columns and number of rows: as many as the program has places that insert. */
const texts = new Map<string, string>()

/**
 * Inserts rows that all have the first one's columns, inside a transaction of `writing`. As Kysely's `insertInto().values()`, but its
 * text is made once and SQLite is asked at once. For places that write thousands of rows a second.
 */
export function insertRows<DB, T extends keyof DB & string>(
  trx: Transaction<DB>,
  table: T,
  rows: readonly [Insertable<DB[T]>, ...Insertable<DB[T]>[]],
): void {
  const columns = Object.keys(rows[0])
  const shape = `${table} ${rows.length} ${columns.join()}`
  let text = texts.get(shape)
  if (text === undefined) {
    const places = `(${columns.map(() => '?').join(', ')})`
    const names = columns.map((name) => `"${name}"`).join(', ')
    text = `insert into "${table}" (${names}) values ${rows.map(() => places).join(', ')}`
    texts.set(shape, text)
  }
  const values = rows.flatMap((row) => columns.map((name) => (row as Record<string, unknown>)[name]))
  runDirectly(trx, text, values)
}
