import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@sealane/sql'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { groupedWriting } from './grouped-writing.js'

interface Tables {
  notes: { id: number; text: string }
}

async function opened() {
  const db = await openDatabase<Tables>(
    `sqlite:${join(mkdtempSync(join(tmpdir(), 'sealane-grouped-')), 'x.db')}`,
  )
  await sql`CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)`.execute(db)
  return db
}

describe('writers put together', () => {
  it('each get their own answer, in order, and all are written', async () => {
    const db = await opened()
    const together = groupedWriting<Tables, number>(db)
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, id) =>
        together(async (trx) => {
          await trx
            .insertInto('notes')
            .values({ id, text: `note ${id}` })
            .execute()
          const { count } = await trx
            .selectFrom('notes')
            .select((eb) => eb.fn.countAll<number>().as('count'))
            .executeTakeFirstOrThrow()
          return count
        }),
      ),
    )
    expect(answers).toEqual(Array.from({ length: 200 }, (_, id) => id + 1))
    await db.destroy()
  })

  it('fail alone, and undo what they wrote', async () => {
    const db = await opened()
    const together = groupedWriting<Tables, number>(db)
    const write = (id: number, then?: Error) =>
      together(async (trx) => {
        await trx.insertInto('notes').values({ id, text: 'x' }).execute()
        if (then !== undefined) throw then
        return id
      })
    const settled = await Promise.allSettled([
      write(1),
      write(2, new Error('no')),
      write(3),
      write(1),
      write(4),
    ])
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    const rows = await db.selectFrom('notes').select('id').orderBy('id').execute()
    expect(rows.map(({ id }) => id)).toEqual([1, 3, 4])
    expect(await write(2)).toBe(2)
    await db.destroy()
  })

  it('all fail when the transaction cannot be made', async () => {
    const db = await opened()
    const together = groupedWriting<Tables, number>(db)
    await db.destroy()
    const settled = await Promise.allSettled([together(async () => 1), together(async () => 2)])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})
