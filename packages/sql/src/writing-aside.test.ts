import { mkdtempSync } from 'node:fs'
import files, { type FileHandle, open } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openDatabase } from './open-database.js'
import { writing, writingAside } from './writing.js'

interface Tables {
  notes: { id: number }
}

async function opened(): Promise<Kysely<Tables>> {
  const db = await openDatabase<Tables>(
    `sqlite:${join(mkdtempSync(join(tmpdir(), 'sealane-aside-')), 'x.db')}`,
  )
  await sql`CREATE TABLE notes (id INTEGER PRIMARY KEY)`.execute(db)
  return db
}

const insert = (id: number) => async (trx: Kysely<Tables>) => {
  await trx.insertInto('notes').values({ id }).execute()
  return await safety(trx)
}
const safety = async (db: Kysely<Tables>) =>
  (await sql<{ synchronous: number }>`PRAGMA synchronous`.execute(db)).rows[0]?.synchronous
const ids = async (db: Kysely<Tables>) =>
  (await db.selectFrom('notes').select('id').execute()).map(({ id }) => id)

/** Holds up what asks for the disk, as a slow disk does, until told otherwise. */
async function slowDisk() {
  const some = await open(new URL(import.meta.url))
  const handles = Object.getPrototypeOf(some) as FileHandle
  await some.close()
  const turns = Promise.withResolvers<void>()
  turns.promise.catch(() => {})
  const datasync = handles.datasync
  const asked = vi.spyOn(handles, 'datasync').mockImplementation(async function (this: FileHandle) {
    await turns.promise
    await datasync.call(this)
  })
  return { asked, turns: turns.resolve, breaks: turns.reject }
}

describe('a transaction that leaves the disk to the pool', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    syncBuiltinESMExports()
  })

  it('is told of after the disk has it, holds up no other writer meanwhile, and is seen at once', async () => {
    const db = await opened()
    const disk = await slowDisk()
    let told = false
    const first = writingAside(db, insert(1)).then((level) => {
      told = true
      return level
    })
    await vi.waitFor(() => expect(disk.asked).toHaveBeenCalledTimes(1))
    const [normal, full] = [1, 2]
    expect(await writing(db, insert(2))).toBe(full)
    expect(await ids(db)).toEqual([1, 2])
    expect(told).toBe(false)
    expect(disk.asked).toHaveBeenCalledTimes(1)
    disk.turns()
    expect(await first).toBe(normal)
    await db.destroy()
  })

  it('fails when the disk does, and leaves the next ones as they were', async () => {
    const db = await opened()
    const disk = await slowDisk()
    disk.breaks(new Error('EIO: i/o error, fdatasync'))
    await expect(writingAside(db, insert(1))).rejects.toThrow('EIO')
    vi.restoreAllMocks()
    await expect(
      writingAside(db, async (trx) => {
        await insert(2)(trx)
        throw new Error('undone')
      }),
    ).rejects.toThrow('undone')
    expect(await writing(db, safety)).toBe(2)
    expect(await writingAside(db, insert(3))).toBe(1)
    expect(await ids(db)).toEqual([1, 3])
    await db.destroy()
  })

  it('is written again, and durably, once a process with too many open files has fewer', async () => {
    const db = await opened()
    vi.spyOn(files, 'open').mockRejectedValueOnce(new Error('EMFILE: too many open files'))
    syncBuiltinESMExports()
    await expect(writingAside(db, insert(1))).rejects.toThrow('EMFILE')
    expect(await ids(db)).toEqual([])
    expect(await writingAside(db, insert(2))).toBe(1)
    expect(await ids(db)).toEqual([2])
    await db.destroy()
  })

  it('is refused and harms nothing when the database is closed in its middle', async () => {
    const db = await opened()
    const strangers: unknown[] = []
    const note = (error: unknown) => void strangers.push(error)
    process.on('uncaughtException', note)
    const writing = writingAside(db, async (trx) => {
      await insert(1)(trx)
      void db.destroy()
      await insert(2)(trx)
    })
    await expect(writing).rejects.toThrow('not open')
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('uncaughtException', note)
    expect(strangers).toEqual([])
  })
})
