import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDatabase, writing } from '@sealane/sql'
import { temporaryDirectory } from '@sealane/testkit'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.js'

describe('backup', () => {
  const home = temporaryDirectory()
  const state = join(home, 'state')

  async function makeState() {
    const miner = await openDatabase<{ nonces: { n: number } }>(`sqlite:${join(state, 'miner/miner.db')}`)
    await sql`CREATE TABLE nonces (n INTEGER)`.execute(miner)
    await writing(miner, async (trx) => await trx.insertInto('nonces').values({ n: 14 }).execute())
    mkdirSync(join(state, 'miner/keystore'), { mode: 0o700 })
    writeFileSync(join(state, 'miner/keystore/owner.age'), 'age-encryption.org/v1', { mode: 0o600 })
    writeFileSync(join(state, 'miner/keystore/identity.txt'), 'AGE-SECRET-KEY-1', { mode: 0o600 })
    mkdirSync(join(state, 'provider/staging'), { recursive: true })
    writeFileSync(join(state, 'provider/staging/piece'), Buffer.alloc(100))
    writeFileSync(join(state, 'provider/libp2p.key'), 'peer', { mode: 0o600 })
    writeFileSync(join(state, 'provider/lock.pid'), '1')
    writeFileSync(join(state, 'provider/lock'), '')
    const provider = await openDatabase(`sqlite:${join(state, 'provider/deals.db')}`)
    mkdirSync(join(state, 'storage-1/sealed'), { recursive: true })
    writeFileSync(
      join(home, 'run.json'),
      JSON.stringify({
        pid: 1,
        runtimeDir: '/none',
        stateDir: state,
        chain: '',
        prover: 'real',
        sectorSize: 2048,
      }),
    )
    // The apps go on running: the databases stay open.
    return async () => await Promise.all([miner.destroy(), provider.destroy()])
  }

  it('copies databases, keys and small files of the running stack, with a manifest that can be checked', async () => {
    const stop = await makeState()
    const target = join(home, 'backup')
    const { out, code } = await runCommand(`backup ${target}`, { SEALANE_HOME: home })
    await stop()
    expect(code).toBe(0)
    expect(out).toMatch(/^database +.* miner\/miner\.db\n/m)
    const manifest = JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')) as {
      files: { path: string; sha256: string }[]
    }
    expect(manifest.files.map((file) => file.path).sort()).toEqual([
      'miner/keystore/identity.txt',
      'miner/keystore/owner.age',
      'miner/miner.db',
      'provider/deals.db',
      'provider/libp2p.key',
    ])
    for (const file of manifest.files) {
      expect(
        createHash('sha256')
          .update(readFileSync(join(target, file.path)))
          .digest('hex'),
      ).toBe(file.sha256)
      expect(statSync(join(target, file.path)).mode & 0o077, file.path).toBe(0)
    }
    expect(statSync(target).mode & 0o077).toBe(0)
    const copy = await openDatabase<{ nonces: { n: number } }>(`sqlite:${join(target, 'miner/miner.db')}`)
    expect(await copy.selectFrom('nonces').selectAll().execute()).toEqual([{ n: 14 }])
    await copy.destroy()

    const again = await runCommand(`backup ${target}`, { SEALANE_HOME: home })
    expect(again).toMatchObject({ code: 64, err: `ERROR: ${target} is not empty: name a new folder\n` })
  })

  it('copies named state directories, and leaves the identity out when told', async () => {
    const target = join(home, 'backup-miner')
    const { err } = await runCommand(`backup ${target} --state-dir ${join(state, 'miner')} --no-identity`)
    expect(err).toContain('without it the keys of this backup cannot be opened')
    expect(readdirSync(join(target, 'miner/keystore'))).toEqual(['owner.age'])
    const none = await runCommand(`backup ${join(home, 'x')} --state-dir ${home}/nowhere`)
    expect(none.err).toContain('name each app’s with --state-dir'.replace('’', "'"))
    expect(readdirSync(home).filter((name) => name.includes('partial'))).toEqual([])
  })
})
