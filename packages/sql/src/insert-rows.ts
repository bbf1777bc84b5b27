import { CompiledQuery, type Insertable, type Kysely } from 'kysely'

/** Texts of INSERTs by table, columns and number of rows: as many as the program has places that insert. */
const texts = new Map<string, string>()

/**
 * Inserts rows that all have the first one's columns. As Kysely's `insertInto().values()`, whose text is built anew each
 * time: for a wide row that costs several times what SQLite does with it. For places that write thousands a second.
 */
export async function insertRows<DB, T extends keyof DB & string>(
  db: Kysely<DB>,
  table: T,
  rows: readonly [Insertable<DB[T]>, ...Insertable<DB[T]>[]],
): Promise<void> {
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
  await db.executeQuery(CompiledQuery.raw(text, values))
}
