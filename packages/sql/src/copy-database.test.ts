import { mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { copyDatabase } from './copy-database.js'
import { openDatabase } from './open-database.js'
import { writing } from './writing.js'

interface Tables {
  notes: { id: number; text: string }
}

describe('a copy of a database', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sealane-copy-'))

  it('is of one moment, while the app goes on writing', async () => {
    const path = join(folder, 'live.db')
    const db = await openDatabase<Tables>(`sqlite:${path}`)
    await sql`CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)`.execute(db)
    const write = async (id: number) =>
      await writing(
        db,
        async (trx) =>
          await trx
            .insertInto('notes')
            .values({ id, text: `note ${id}` })
            .execute(),
      )
    await write(1)
    // Still in the WAL, not in the main file.
    await write(2)
    copyDatabase(path, join(folder, 'copy.db'))
    await write(3)
    await db.destroy()
    expect(statSync(join(folder, 'copy.db')).mode & 0o777).toBe(0o600)
    const copy = await openDatabase<Tables>(`sqlite:${join(folder, 'copy.db')}`)
    expect(await copy.selectFrom('notes').select('id').execute()).toEqual([{ id: 1 }, { id: 2 }])
    await copy.destroy()
  })

  it('replaces nothing, and refuses what is no database', () => {
    writeFileSync(join(folder, 'there.db'), '')
    expect(() => copyDatabase(join(folder, 'none.db'), join(folder, 'x.db'))).toThrow(/is not there/)
    expect(() => copyDatabase(join(folder, 'copy.db'), join(folder, 'there.db'))).toThrow(/is there already/)
    writeFileSync(join(folder, 'junk.db'), 'this is no database, whatever its name says. '.repeat(100))
    expect(() => copyDatabase(join(folder, 'junk.db'), join(folder, 'y.db'))).toThrow(/damaged/)
  })
})
