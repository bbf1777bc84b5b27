import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import {
  inbox,
  inboxMigration,
  migrate,
  openDatabase,
  openOutbox,
  outboxMigration,
  writing,
} from './index.js'

const directory = mkdtempSync(join(tmpdir(), 'sealane-kill-'))
const script = fileURLToPath(new URL('../test/claimant.mjs', import.meta.url))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(directory, { recursive: true })
})

interface Sender {
  things: { id: number; state: string; turn: number }
  wins: { turn: number; name: string }
}
interface Receiver {
  effects: { subject: string; sequence: number }
}
const things = {
  name: '0001-things',
  statements: [
    'CREATE TABLE things (id INTEGER PRIMARY KEY, state TEXT NOT NULL, turn INTEGER NOT NULL)',
    'CREATE TABLE wins (turn INTEGER NOT NULL, name TEXT NOT NULL)',
    "INSERT INTO things VALUES (1, 'new', 0)",
  ],
}
const effects = {
  name: '0001-effects',
  statements: ['CREATE TABLE effects (subject TEXT, sequence INTEGER, PRIMARY KEY (subject, sequence))'],
}

describe('kill -9 of rival processes', () => {
  it('loses no turn that was won, lets none win twice, and brings the newest snapshot over exactly once', async () => {
    const url = `sqlite:${directory}/sender.db`
    const receiverUrl = `sqlite:${directory}/receiver.db`
    const db = await openDatabase<Sender>(url)
    await migrate(db, [things, outboxMigration])
    const receiver = await openDatabase<Receiver>(receiverUrl)
    await migrate(receiver, [effects, inboxMigration])

    const printed: number[] = []
    for (let round = 0; round < 4; round++) {
      const rivals = ['a', 'b'].map((name) => {
        const child = spawn(process.execPath, [script, url, `${name}${round}`, receiverUrl], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        children.push(child)
        let text = ''
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        return { child, lines: () => [...text.matchAll(/^won (\d+)\n/gm)].map((match) => Number(match[1])) }
      })
      await expect
        .poll(() => rivals.every(({ lines }) => lines().length >= 3 + round * 4), { timeout: 25_000 })
        .toBe(true)
      for (const { child } of rivals) child.kill('SIGKILL')
      await Promise.all(
        rivals.map(({ child }) =>
          (child.exitCode ?? child.signalCode) === null ? once(child, 'close') : undefined,
        ),
      )
      printed.push(...rivals.flatMap(({ lines }) => lines()))
    }

    const { turn } = await db.selectFrom('things').select('turn').executeTakeFirstOrThrow()
    const wins = (await db.selectFrom('wins').select('turn').orderBy('turn').execute()).map((row) => row.turn)
    expect(wins).toEqual(Array.from({ length: turn }, (_, n) => n + 1))
    expect(new Set(printed).size).toBe(printed.length)
    expect(wins).toEqual(expect.arrayContaining(printed))

    // What was under way comes over after all, and then each subject's effect is its newest sequence.
    const outbox = await openOutbox(db, { name: 'abroad', now: Date.now() })
    const left = await outbox.unacknowledged(Date.now() + 86_400_000)
    for (const message of left) {
      await writing(receiver, async (trx) => {
        if (!(await inbox.accept(trx, message.sender, message.subject, message.sequence))) return
        await trx
          .insertInto('effects')
          .values({ subject: message.subject, sequence: message.sequence })
          .execute()
      })
      await outbox.acknowledge(message.sender, message.subject, message.sequence)
    }
    expect(await outbox.waiting()).toEqual({ count: 0, since: undefined })
    const newest = await receiver
      .selectFrom('effects')
      .select((eb) => ['subject', eb.fn.max('sequence').as('sequence')])
      .groupBy('subject')
      .execute()
    // One put per win: the last three sequences belong to the last three subjects.
    expect(newest.map((row) => row.sequence).sort((a, b) => a - b)).toEqual([turn - 2, turn - 1, turn])
    await db.destroy()
    await receiver.destroy()
  }, 120_000)
})
