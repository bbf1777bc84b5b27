import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '@sealane/testkit'
import { expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'

const all = {
  online: true,
  offline: true,
  verified: true,
  unverified: true,
  pieceBlocklist: [] as string[],
  expectedSealEpochs: 2880,
  refusedByConfiguration: [] as ('online' | 'offline')[],
}
const piece = 'baga6ea4seaqjozzjqkv6rzoiabny4kh2nfbxxv76sukg4aohsidicmpsshu6cii'
const dir = temporaryDirectory()

/** A provider that notes what it is asked for and answers with its selection. */
async function provider(selection = all) {
  const asked: unknown[] = []
  const env = await scriptedApps({
    provider: {
      'selection.get': async () => selection,
      'selection.set': async (params) => {
        asked.push(params)
        return {
          ...selection,
          ...Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null)),
        }
      },
    },
  })
  return { asked, run: (line: string, input = '') => runCommand(`storage-deals ${line}`, env, { input }) }
}

// Source of the first two lines: lotus’ own documentation of "storage-deals selection list".
const listed = `considering online storage deals: true
considering offline storage deals: true
considering verified storage deals: true
considering unverified storage deals: true
`

it('selection list prints lotus’ lines', async () => {
  const { run } = await provider()
  expect((await run('selection list')).out).toBe(listed)
})

it('selection reject refuses what is named, and only that', async () => {
  const { run, asked } = await provider()
  const { out } = await run('selection reject --online --offline')
  expect(asked).toEqual([{ online: false, offline: false }])
  expect(out).toBe(
    listed
      .replace('online storage deals: true', 'online storage deals: false')
      .replace('offline storage deals: true', 'offline storage deals: false'),
  )
  const nothing = await run('selection reject')
  expect(nothing).toMatchObject({ code: 64, err: expect.stringContaining('say what to reject: --online') })
})

it('selection reset takes it back, and says what only the configuration can', async () => {
  const { run, asked } = await provider({ ...all, offline: false, refusedByConfiguration: ['offline'] })
  const { err } = await run('selection reset')
  expect(asked).toEqual([{ online: null, offline: null, verified: null, unverified: null }])
  expect(err).toBe('offline deals are refused by the provider’s configuration: deals.consider_offline\n')
})

it('the block list is set from a file or the input, listed, and emptied', async () => {
  const { run, asked } = await provider()
  const file = join(dir, 'blocked.txt')
  writeFileSync(file, `${piece}\n\n`)
  expect((await run(`set-blocklist ${file}`)).out).toBe(`${piece}\n`)
  expect((await run('set-blocklist', `${piece}\n`)).out).toBe(`${piece}\n`)
  expect((await run('reset-blocklist')).out).toBe('')
  expect(asked).toEqual([{ pieceBlocklist: [piece] }, { pieceBlocklist: [piece] }, { pieceBlocklist: [] }])
  const held = await provider({ ...all, pieceBlocklist: [piece] })
  expect((await held.run('get-blocklist')).out).toBe(`${piece}\n`)
})
