import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  compareAndSet,
  dueRows,
  holdLock,
  inbox,
  inboxMigration,
  migrate,
  openDatabase,
  openOutbox,
  outboxMigration,
  writing,
} from './index.js'

interface Tables {
  things: { id: number; state: string; turn: number; wake_at: number | null }
}
const things = {
  name: '0001-things',
  statements: [
    'CREATE TABLE things (id INTEGER PRIMARY KEY, state TEXT NOT NULL, turn INTEGER NOT NULL, wake_at INTEGER)',
    'CREATE INDEX things_wake_at ON things (wake_at)',
  ],
}
const all = [things, outboxMigration, inboxMigration]
let directory: string
let db: Kysely<Tables>

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-sql-'))
  db = await openDatabase<Tables>(`sqlite:${directory}/a.db`)
  await migrate(db, all)
})
afterEach(async () => {
  await db.destroy()
  rmSync(directory, { recursive: true })
})

describe('migrations', () => {
  it('run once, in order', async () => {
    expect(await migrate(db, all)).toEqual([])
    expect(
      await migrate(db, [...all, { name: '0002', statements: ['ALTER TABLE things ADD COLUMN note TEXT'] }]),
    ).toEqual(['0002'])
  })
  it('show their columns to queries that ran before them', async () => {
    await db.insertInto('things').values({ id: 1, state: 'new', turn: 0, wake_at: null }).execute()
    const read = () => db.selectFrom('things').selectAll().executeTakeFirstOrThrow()
    expect(Object.keys(await read())).not.toContain('note')
    await migrate(db, [...all, { name: '0002', statements: ['ALTER TABLE things ADD COLUMN note TEXT'] }])
    expect(await read()).toMatchObject({ id: 1, note: null })
  })
  it('refuse a database of a newer program', async () => {
    await expect(migrate(db, [things])).rejects.toMatchObject({ code: 'SCHEMA_NEWER', remedy: 'halt' })
  })
  it('refuse a shipped migration that was edited', async () => {
    const edited = { ...things, statements: [...things.statements, 'CREATE TABLE more (a)'] }
    await expect(migrate(db, [edited, outboxMigration, inboxMigration])).rejects.toMatchObject({
      code: 'MIGRATION_CHANGED',
    })
  })
  it('leave nothing behind of one that fails', async () => {
    const bad = { name: 'bad', statements: ['CREATE TABLE half (a)', 'CREATE TABLE oops ('] }
    await expect(migrate(db, [...all, bad])).rejects.toMatchObject({ code: 'MIGRATION_FAILED' })
    await expect(
      migrate(db, [...all, { name: 'good', statements: ['CREATE TABLE half (a)'] }]),
    ).resolves.toEqual(['good'])
  })
})

describe('writing', () => {
  it('keeps count-then-insert safe against other tasks of this process', async () => {
    const take = () =>
      writing(db, async (trx) => {
        const taken = await trx.selectFrom('things').select('id').execute()
        if (taken.length >= 2) return false
        await trx
          .insertInto('things')
          .values({ id: taken.length, state: 'in', turn: 0, wake_at: null })
          .execute()
        return true
      })
    const taken = await Promise.all(Array.from({ length: 20 }, take))
    expect(taken.filter(Boolean)).toHaveLength(2)
  })
  it('rolls back on a throw, and keeps the writes of other tasks', async () => {
    const failing = writing(db, async (trx) => {
      await trx.insertInto('things').values({ id: 1, state: 'lost', turn: 0, wake_at: null }).execute()
      throw new Error('no')
    })
    const kept = db.insertInto('things').values({ id: 2, state: 'kept', turn: 0, wake_at: null }).execute()
    await expect(failing).rejects.toThrow('no')
    await kept
    expect(await db.selectFrom('things').select('id').execute()).toEqual([{ id: 2 }])
  })
  it('refuses to await anything but the database', async () => {
    const slow = writing(db, async (trx) => {
      await trx.insertInto('things').values({ id: 1, state: 'x', turn: 0, wake_at: null }).execute()
      await new Promise((resolve) => setTimeout(resolve, 5))
      await trx.insertInto('things').values({ id: 2, state: 'x', turn: 0, wake_at: null }).execute()
    })
    await expect(slow).rejects.toMatchObject({ code: 'AWAITED_OUTSIDE' })
    expect(await db.selectFrom('things').select('id').execute()).toEqual([])
    await writing(db, (trx) =>
      trx.insertInto('things').values({ id: 3, state: 'x', turn: 0, wake_at: null }).execute(),
    )
  })
  it('tells a write past its transaction instead of waiting for itself', async () => {
    const past = writing(db, async () => {
      await db.insertInto('things').values({ id: 1, state: 'x', turn: 0, wake_at: null }).execute()
    })
    await expect(past).rejects.toMatchObject({ code: 'WROTE_OUTSIDE' })
    await expect(writing(db, () => writing(db, async () => 1))).rejects.toMatchObject({
      code: 'WROTE_OUTSIDE',
    })
    expect(await writing(db, (trx) => writing(trx, async () => 7))).toBe(7)
  })
  it('may read the committed state before its own first query', async () => {
    await writing(db, async (trx) => {
      await db.selectFrom('things').select('id').execute()
      await trx.insertInto('things').values({ id: 1, state: 'x', turn: 0, wake_at: null }).execute()
    })
    expect(await db.selectFrom('things').select('id').execute()).toEqual([{ id: 1 }])
  })
  it('reads outside see only what is committed', async () => {
    await writing(db, async (trx) => {
      await trx.insertInto('things').values({ id: 1, state: 'x', turn: 0, wake_at: null }).execute()
      expect(await db.selectFrom('things').select('id').execute()).toEqual([])
    })
    expect(await db.selectFrom('things').select('id').execute()).toEqual([{ id: 1 }])
  })
})

describe('compareAndSet', () => {
  it('lets one of many win a turn', async () => {
    await db.insertInto('things').values({ id: 1, state: 'a', turn: 4, wake_at: null }).execute()
    const tries = await Promise.allSettled(
      ['b', 'c', 'd'].map((state) =>
        writing(db, (trx) => compareAndSet(trx, 'things', { id: 1 }, 4, { state })),
      ),
    )
    expect(tries.map((t) => t.status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(await db.selectFrom('things').select(['state', 'turn']).execute()).toEqual([
      { state: 'b', turn: 5 },
    ])
  })
})

describe('outbox and inbox', () => {
  it('re-send until acknowledged, newest snapshot only', async () => {
    const outbox = await openOutbox(db, { name: 'abroad', now: 1_000 })
    await writing(db, (trx) => outbox.put(trx, 'deal-1', { step: 1 }, 1_000))
    const first = await outbox.unacknowledged(1_000)
    await outbox.sent(first, 1_000)
    expect(await outbox.unacknowledged(5_999)).toEqual([])
    expect(await outbox.unacknowledged(6_000)).toHaveLength(1)
    await writing(db, (trx) => outbox.put(trx, 'deal-1', { step: 2, size: 2n ** 70n }, 2_000))
    const [second] = await outbox.unacknowledged(2_000)
    expect(second).toMatchObject({
      sequence: 2,
      snapshot: { step: 2, size: '1180591620717411303424' },
      tries: 0,
    })
    expect(await outbox.acknowledge(outbox.sender, 'deal-1', 1)).toBe(false)
    expect(await outbox.acknowledge('abroad~other', 'deal-1', 2)).toBe(false)
    expect(await outbox.acknowledge(outbox.sender, 'deal-1', 2)).toBe(true)
    expect(await outbox.waiting()).toEqual({ count: 0, since: undefined })
  })
  it('accept each sequence once, ignore older, follow a new incarnation', async () => {
    const sender = (ms: number) => `abroad~${ms.toString(16).padStart(12, '0')}0011223344556677`
    const accept = (s: string, q: number) => writing(db, (trx) => inbox.accept(trx, s, 'deal-1', q))
    expect(await accept(sender(1), 5)).toBe(true)
    expect(await accept(sender(1), 5)).toBe(false)
    expect(await accept(sender(1), 4)).toBe(false)
    expect(await accept(sender(2), 1)).toBe(true)
    expect(await accept(sender(1), 9)).toBe(false)
    await expect(accept('nobody', 1)).rejects.toThrow(RangeError)
  })
})

describe('wake_at', () => {
  it('finds what is due by its index, not by reading all rows', async () => {
    for (const [id, wake_at] of [
      [1, 10],
      [2, null],
      [3, 5],
      [4, 99],
    ] as const) {
      await db.insertInto('things').values({ id, state: 'x', turn: 0, wake_at }).execute()
    }
    expect((await dueRows(db, 'things', 50)).map((row) => row.id)).toEqual([3, 1])
  })
})

describe('the lock of a state directory', () => {
  it('is held by one process, and freed by its death', async () => {
    const path = join(directory, 'lock')
    const script = `import { holdLock } from '@sealane/sql'; holdLock(${JSON.stringify(path)}); console.log('held'); setInterval(() => {}, 1000)`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    expect(() => holdLock(path)).toThrow(`is held by process ${child.pid}: stop that one first`)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const lock = holdLock(path)
    lock.release()
    holdLock(path).release()
  })
})

describe('opening', () => {
  it('refuses a file that is not a database, and other urls, in one line', async () => {
    writeFileSync(join(directory, 'b.db'), 'x'.repeat(4096))
    await expect(openDatabase(`sqlite:${directory}/b.db`)).rejects.toMatchObject({
      code: 'DATABASE_CORRUPT',
      remedy: 'halt',
    })
    await expect(openDatabase('mysql://u:secret@h/d')).rejects.toThrow(
      /^database url mysql:\/\/…@h\/d: use sqlite/,
    )
  })
})
