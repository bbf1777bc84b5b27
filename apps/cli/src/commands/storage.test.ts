import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { trash } from '@sealane/host'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { recordedNowMs, runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'

const hourMs = 3_600_000

describe('storage', () => {
  const path = {
    storageId: 'c83dcee2-9bc7-4375-a72a-d4d4b9d88922',
    canSeal: true,
    canStore: true,
    freeBytes: String(58 * 2 ** 30),
    sectors: [1, 2],
    workerId: 'worker-1',
    hostname: 'vm',
    alive: true,
  }

  it('list and find say which worker serves a path', async () => {
    const env = await scriptedApps({
      sealer: { 'storage.list': async () => [path, { ...path, storageId: 'b', alive: false, sectors: [] }] },
    })
    expect((await runCommand('storage list', env)).out).toMatch(
      /^c83dcee2-9bc7-4375-a72a-d4d4b9d88922:\n\tFree: 58 GiB\n\tSectors: 2\n\tUse: Seal Store\n\tWorker: worker-1, host vm\n\nb:\n.*\(away\)\n\n$/s,
    )
    expect((await runCommand('storage find 2', env)).out).toBe(
      `In ${path.storageId}\n\tSealing: true; Storage: true\n\tWorker: worker-1, host vm\n`,
    )
    expect((await runCommand('storage find 7', env)).err).toContain('no storage path that a worker serves')
  })

  it('purge deletes what is old enough and nothing else; --dry-run deletes nothing', async () => {
    const state = join(temporaryDirectory(), 'state')
    const staging = join(state, 'provider', 'staging')
    mkdirSync(staging, { recursive: true })
    const retire = async (name: string, ageMs: number) => {
      writeFileSync(join(staging, name), 'x'.repeat(1000))
      await trash(staging, join(staging, name), 'home has it', new Date(recordedNowMs - ageMs))
    }
    await retire('old.piece', 800 * hourMs)
    await retire('young.piece', 2 * hourMs)
    writeFileSync(join(staging, 'in-use.piece'), 'y')
    const run = async (line: string) =>
      JSON.parse((await runCommand(`${line} --json --path ${state}`, {}, { nowMs: recordedNowMs })).out) as {
        bytes: number
        items: { originalPath: string }[]
      }
    const looked = await run('storage purge --dry-run')
    expect(looked.items.map((item) => item.originalPath)).toEqual([join(staging, 'old.piece')])
    expect(looked.bytes).toBeGreaterThan(1000)
    const done = await runCommand(`storage purge --path ${state}`, {}, { nowMs: recordedNowMs })
    expect(done.out).toMatch(
      / 800h0m0s +\d+ +.*old\.piece +home has it\n1 deleted, \d+ bytes \(1\.\d+ KiB\)\n$/,
    )
    const left = await runCommand(`storage trash --path ${state}`, {}, { nowMs: recordedNowMs })
    expect(left.out).toMatch(/young\.piece +home has it\n1 in the trash/)
    expect(left.out).not.toContain('in-use')
    expect((await run('storage purge --older-than 1h')).items).toHaveLength(1)
    expect((await runCommand(`storage purge --older-than soon --path ${state}`)).code).toBe(64)
    expect((await runCommand('storage trash --path /nonexistent/x')).err).toContain(
      '/nonexistent/x is not there',
    )
  })
})
