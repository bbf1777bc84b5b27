import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Coordinator } from '../coordinator/coordinator.js'
import { type AppProcess, Home } from '../testing/home.js'
import { childrenOf, lives } from '../testing/processes.js'

const redis = localRedis()
const dir = temporaryDirectory()
const DEADLINE_MS = 60_000
const CONFIG_FAULT = 78
let home: Home
let coordinator: Coordinator
const started: AppProcess[] = []

beforeAll(async () => {
  home = await Home.open(dir, redis.url, { leaseMs: 60_000 })
  coordinator = await home.startCoordinator()
})
afterEach(async () => {
  for (const worker of started.splice(0)) await worker.kill()
})
afterAll(async () => {
  await coordinator.stop()
  await home.close()
})

function start(...args: Parameters<Home['spawnWorker']>): AppProcess {
  const worker = home.spawnWorker(...args)
  started.push(worker)
  return worker
}

const says = (worker: AppProcess, words: string) =>
  until(
    words,
    () => worker.log(),
    (log) => log.includes(words),
    { deadlineMs: DEADLINE_MS },
  )
const taking = (worker: AppProcess) => says(worker, 'taking work')
const storageOf = (name: string) => join(dir, `storage-${name}`)

async function refused(worker: AppProcess, line: string): Promise<void> {
  expect(await worker.ended).toBe(CONFIG_FAULT)
  expect(worker.log().trimEnd().split('\n')).toContainEqual(expect.stringContaining(line))
}

describe('a worker’s command line', () => {
  it('takes its tasks, several storage paths and the concurrency of each task', async () => {
    const [one, two] = [storageOf('one'), storageOf('two')]
    mkdirSync(one)
    mkdirSync(two)
    const flags = ['--storage', one, '--storage', two, '--concurrency', 'pc1=3,pc2=2', '--tasks', 'pc1,pc2']
    await taking(start('flags', {}, flags))
    const rows = await home.operator['sealing.workers']({})
    const row = rows.find((worker) => worker.workerId.endsWith('-flags'))
    expect(row).toMatchObject({
      tasks: ['pc1', 'pc2'],
      concurrency: { pc1: 3, pc2: 2, commit: 1 },
      alive: true,
    })
    expect(row?.paths).toHaveLength(2)
  }, 90_000)

  it('--tasks commit needs no storage path: Commit2 goes anywhere', async () => {
    start('c2', { tasks: ['commit'], storage: [] })
    start('rest', { tasks: ['pc1', 'pc2', 'commit', 'finalize'] })
    const deal = await home.offer()
    await until(
      'its sector Proving',
      () => home.operator['pieces.list']({}),
      (rows) => rows.some((row) => row.dealUuid === deal && row.state === 'Sealed'),
      { deadlineMs: DEADLINE_MS },
    )
  }, 120_000)

  it('of other tasks without a storage path is refused, with the fix', async () => {
    await refused(
      start('nowhere', { tasks: ['pc1', 'commit'], storage: [] }),
      'tasks pc1 need a storage path: add --storage PATH, or run --tasks commit only',
    )
  }, 60_000)

  it('with a name that runs already on this machine is refused', async () => {
    await taking(start('twin'))
    await refused(start('twin'), 'one process per state directory')
  }, 90_000)
})

describe('a storage path', () => {
  it('that does not exist is refused, with the fix', async () => {
    await refused(
      start('absent', { storage: [join(dir, 'typo')] }),
      `${dir}/typo is no directory: mount the storage path, or make it with mkdir`,
    )
  }, 60_000)

  it('whose mount is missing is refused: an empty folder in its place is no new path', async () => {
    const first = start('mount')
    await taking(first)
    await first.kill()
    rmSync(storageOf('mount'), { recursive: true })
    await refused(start('mount'), 'sectorstore.json is missing; this worker knows storage path')
  }, 90_000)

  it('with sectors but without its marker file is refused', async () => {
    mkdirSync(join(storageOf('bare'), 'sealed'), { recursive: true })
    await refused(start('bare'), 'sectorstore.json is missing beside sector files')
  }, 60_000)

  it('given twice, or copied with its ID, is refused', async () => {
    const marker = { ID: 'same-id' }
    for (const name of ['copy-a', 'copy-b']) {
      mkdirSync(storageOf(name))
      writeFileSync(join(storageOf(name), 'sectorstore.json'), JSON.stringify(marker))
    }
    const storage = [storageOf('copy-a'), storageOf('copy-b')]
    await refused(start('copies', { storage }), 'are both storage path same-id')
  }, 60_000)

  it('that vanishes while the worker runs ends it before it writes there; the sector goes on elsewhere', async () => {
    const worker = start('vanishing')
    await taking(worker)
    cpSync(storageOf('vanishing'), join(dir, 'unmounted'), { recursive: true })
    rmSync(join(storageOf('vanishing'), 'sectorstore.json'))
    const deal = await home.offer()
    await refused(worker, `${storageOf('vanishing')}/sectorstore.json is gone: mount the storage path`)
    start('steady')
    await until(
      'its sector Proving',
      () => home.operator['pieces.list']({}),
      (rows) => rows.some((row) => row.dealUuid === deal && row.state === 'Sealed'),
      { deadlineMs: DEADLINE_MS },
    )
  }, 150_000)
})

describe('a worker that is stopped', () => {
  it.each(['', ', also with Redis gone'])(
    'ends within ten seconds%s: no child is left, its claim is free at once',
    async (how) => {
      const worker = start('stopped')
      await taking(worker)
      await home.offer()
      const children = await until(
        'a child',
        () => childrenOf(worker.pid),
        (pids) => pids.length > 0,
        {
          deadlineMs: DEADLINE_MS,
          everyMs: 1,
        },
      )
      if (how !== '') await redis.kill()
      const askedMs = performance.now()
      worker.signal('SIGTERM')
      expect(await worker.ended).toBe(0)
      expect(performance.now() - askedMs).toBeLessThan(10_000)
      expect(children.filter(lives)).toEqual([])
      const jobs = await home.operator['sealing.jobs']({})
      expect(jobs.filter((job) => job.workerId.endsWith('-stopped'))).toEqual([])
      if (how !== '') await redis.restart()
    },
    120_000,
  )
})
