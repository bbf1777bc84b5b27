import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, sql, type Transaction } from 'kysely'
import { describe, expect, it } from 'vitest'
import { insertRows } from './insert-rows.js'
import { openDatabase } from './open-database.js'
import { isUniqueViolation } from './unique-violation.js'
import { writing } from './writing.js'

interface Tables {
  notes: { id: number; text: string | null; bytes: Uint8Array | null }
}

async function opened(): Promise<Kysely<Tables>> {
  const db = await openDatabase<Tables>(
    `sqlite:${join(mkdtempSync(join(tmpdir(), 'sealane-insert-')), 'x.db')}`,
  )
  await sql`CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT, bytes BLOB)`.execute(db)
  return db
}

describe('rows inserted past Kysely', () => {
  it('are what Kysely reads, in the transaction and after it, and go with it', async () => {
    const db = await opened()
    const rows = (trx: Kysely<Tables>) => trx.selectFrom('notes').selectAll().orderBy('id').execute()
    const first = { id: 1, text: null, bytes: Uint8Array.of(1, 2) }
    const more = [
      { id: 2, text: "it's", bytes: null },
      { id: 3, text: '', bytes: null },
    ] as const
    await writing(db, async (trx) => {
      insertRows(trx, 'notes', [first])
      insertRows(trx, 'notes', [more[0], more[1]])
      expect(await rows(trx)).toHaveLength(3)
    })
    await writing(db, async (trx) => {
      insertRows(trx, 'notes', [{ id: 4 } as never])
      throw new Error('undone')
    }).catch(() => {})
    const read = await rows(db)
    expect(read.map((row) => ({ ...row, bytes: row.bytes && Uint8Array.from(row.bytes) }))).toEqual([
      first,
      ...more,
    ])
    await db.destroy()
  })

  it('that are there already are told apart from other failures', async () => {
    const db = await opened()
    const insert = (row: object) => writing(db, async (trx) => insertRows(trx, 'notes', [row as never]))
    await insert({ id: 1 })
    expect(await insert({ id: 1 }).then(() => undefined, isUniqueViolation)).toBe(true)
    expect(await insert({ id: 2, nothing: 1 }).then(() => undefined, isUniqueViolation)).toBe(false)
    await db.destroy()
  })

  it('need a transaction', async () => {
    const db = await opened()
    expect(() => insertRows(db as unknown as Transaction<Tables>, 'notes', [{ id: 1 } as never])).toThrow(
      'not a transaction',
    )
    let kept: Transaction<Tables> | undefined
    await writing(db, async (trx) => {
      kept = trx
    })
    expect(() => insertRows(kept as Transaction<Tables>, 'notes', [{ id: 1 } as never])).toThrow('not inside')
    await db.destroy()
  })
})
