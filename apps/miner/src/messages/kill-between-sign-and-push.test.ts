import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeSignedMessage, signedMessageCid } from '@sealane/actors'
import { openDatabase } from '@sealane/sql'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import type { MinerTables } from '../database.js'

/** The built program: a process that can be killed -9 must be a process. */
const program = fileURLToPath(new URL('../../dist/testing/killed-messager.js', import.meta.url))

describe('kill -9 of the miner between sign and push', { timeout: 120_000 }, () => {
  const root = temporaryDirectory()

  async function stored(directory: string) {
    const db = await openDatabase<MinerTables>(`sqlite:${join(directory, 'miner.db')}`)
    const rows = await db.selectFrom('signings').selectAll().execute()
    await db.destroy()
    return rows
  }
  function run(directory: string, journal: string, ...rest: string[]) {
    return spawnSync(process.execPath, [program, directory, journal, ...rest], { encoding: 'utf8' })
  }
  const pushedIn = (journal: string) =>
    existsSync(journal)
      ? readFileSync(journal, 'utf8')
          .trim()
          .split('\n')
          .map((line) => decodeSignedMessage(Buffer.from(line, 'hex')))
      : []

  it.each([0, 1, 2])(
    'pushes the same bytes after the restart, and no nonce ever has two contents (killed in push %i)',
    async (survived) => {
      const directory = mkdtempSync(join(root, 'k-'))
      const journal = join(directory, 'pushes')
      const killed = run(directory, journal, '3', String(survived))
      expect(killed.signal, killed.stderr).toBe('SIGKILL')
      const signed = await stored(directory)
      expect(signed).toHaveLength(survived + 1)

      const again = run(directory, journal, '3', 'all')
      expect(again.status, again.stderr).toBe(0)
      const pushed = pushedIn(journal)
      const cids = new Set(pushed.map(signedMessageCid))
      for (const row of signed) {
        expect(signedMessageCid(decodeSignedMessage(row.signed))).toBe(row.cid)
        expect(cids, 'what was signed before the kill is what is pushed after it').toContain(row.cid)
      }
      const contents = new Map<number, Set<string>>()
      for (const message of pushed) {
        const { nonce } = message.message
        contents.set(nonce, (contents.get(nonce) ?? new Set()).add(signedMessageCid(message)))
      }
      expect([...contents.keys()].sort()).toEqual([0, 1, 2])
      for (const [nonce, set] of contents) expect(set.size, `nonce ${nonce}`).toBe(1)
    },
  )
})
