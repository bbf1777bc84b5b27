import { setTimeout as pause } from 'node:timers/promises'
import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Rows } from '../testing/rows.js'

const dir = temporaryDirectory()
let count = 0
let rows: Rows
beforeEach(async () => {
  rows = await Rows.open(`${dir}/${++count}`)
})
afterEach(() => rows.close())

/** Jobs are handed over behind the step's back. */
async function jobs(): Promise<string[]> {
  await pause(20)
  return rows.jobs.splice(0)
}

describe('a stage for workers', () => {
  it('that is bound to files goes to the queue of their storage path, the others anywhere', async () => {
    const sectors = [
      await rows.sector('PreCommit1'),
      await rows.sector('PreCommit2'),
      await rows.sector('Commit1'),
      await rows.sector('FinalizeSector'),
    ]
    for (const sector of sectors) await rows.advance(sector.sector_number)
    expect((await jobs()).map((job) => job.split(' ')[0]).sort()).toEqual([
      'seal.c1.path-a',
      'seal.finalize.path-a',
      'seal.pc1',
      'seal.pc2.path-a',
    ])
  })

  it('is offered again under the same id, which Redis takes once; now and then under a new one', async () => {
    const sector = await rows.sector('PreCommit1')
    const ids: string[] = []
    const started = rows.nowMs
    for (let waitedMs = 0; waitedMs <= 10 * 60_000; waitedMs += 20_000) {
      rows.nowMs = started + waitedMs
      await rows.advance(sector.sector_number)
      const row = await rows.read(sector.sector_number)
      expect((row.wake_at ?? 0) - rows.nowMs).toBe(20_000)
      ids.push(...(await jobs()))
    }
    expect(ids).toHaveLength(31)
    expect(new Set(ids).size).toBe(5)
  })

  it('is not offered while a claim runs: the claim’s end wakes it', async () => {
    const sector = await rows.sector('PreCommit1')
    const work = rows.work()
    const paths = [{ id: 'path-a', canSeal: true, canStore: true, freeBytes: 0, sectors: [], claims: [] }]
    const who = { hostname: 'host', version: '1', session: 's', prover: 'trapdoor', tasks: ['pc1'] }
    await work.register({ workerId: 'w', ...who, concurrency: {}, paths })
    const row = String(sector.sector_number)
    await work.claim({ workerId: 'w', task: 'pc1', row, turn: sector.turn, storageIds: ['path-a'] })
    await rows.advance(sector.sector_number)
    expect(await jobs()).toEqual([])
    expect((await rows.read(sector.sector_number)).wake_at).toBeNull()
    expect((await rows.waiting(sector))?.for).toBe('pc1 on host')
  })

  it('that nobody can do names the worker that must come', async () => {
    const sector = await rows.sector('PreCommit2')
    await rows.advance(sector.sector_number)
    expect(await rows.waiting(sector)).toMatchObject({
      for: 'a worker with task pc2 that serves storage path path-a (start one: sealane worker --tasks pc2)',
      who: 'operator',
    })
  })
})
