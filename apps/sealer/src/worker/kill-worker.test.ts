import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Coordinator } from '../coordinator/coordinator.js'
import { type AppProcess, Home } from '../testing/home.js'
import { childrenOf, lives, rssMib } from '../testing/processes.js'

const redis = localRedis()
const dir = temporaryDirectory()
const DEADLINE_MS = 60_000
let home: Home
let coordinator: Coordinator
let workers: AppProcess[] = []

beforeAll(async () => {
  home = await Home.open(dir, redis.url)
  coordinator = await home.startCoordinator()
})
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.kill()))
  workers = []
})
afterAll(async () => {
  await coordinator.stop()
  await home.close()
})

function spawnWorker(name: string): AppProcess {
  const worker = home.spawnWorker(name)
  workers.push(worker)
  return worker
}

/** Waits until a worker has the task in hand, and its child runs. */
async function inHand(task: string, worker: AppProcess): Promise<number[]> {
  return await until(
    `a child that does ${task}`,
    async () => {
      const jobs = await home.operator['sealing.jobs']({})
      return jobs.some((job) => job.task === task) ? childrenOf(worker.pid) : []
    },
    (children) => children.length > 0,
    { deadlineMs: DEADLINE_MS, everyMs: 2 },
  )
}

async function proving(dealUuid: string): Promise<number> {
  const piece = await until(
    'the deal’s sector Proving',
    async () => {
      const [found] = (await home.operator['pieces.list']({})).filter((row) => row.dealUuid === dealUuid)
      const sectorNumber = found?.sectorNumber ?? undefined
      return sectorNumber === undefined ? undefined : await home.operator['sectors.get']({ sectorNumber })
    },
    (sector) => sector?.state === 'Proving',
    { deadlineMs: DEADLINE_MS },
  )
  return piece?.sectorNumber ?? -1
}

const times = (line: string, lines: readonly string[]) => lines.filter((one) => one === line).length
describe('a worker killed -9', () => {
  it.each(['pc1', 'pc2', 'c2'])(
    'in %s leaves no child, and its sector goes on: same number, same ticket, one message each',
    async (task) => {
      const worker = spawnWorker('killed')
      const deal = await home.offer()
      const children = await inHand(task, worker)
      await worker.kill()
      await until(
        'its children gone',
        () => children.filter(lives),
        (left) => left.length === 0,
      )
      spawnWorker('killed')
      const sector = await proving(deal)
      expect(times(`number ${sector}`, home.miner.asked)).toBe(1)
      expect(times(`ticket ${sector}`, home.miner.asked)).toBe(1)
      expect(times(`preCommit ${sector}`, home.miner.sent)).toBe(1)
      expect(times(`proveCommit ${sector}`, home.miner.sent)).toBe(1)
      expect(readdirSync(join(dir, 'storage-killed/claims'))).toEqual([])
      expect(readdirSync(join(dir, 'killed/claims'))).toEqual([])
      await until(
        'no Commit1 output left on the hub',
        () => readdirSync(join(dir, 'sealer/hub/c1')),
        (names) => names.length === 0,
        { deadlineMs: DEADLINE_MS },
      )
    },
    120_000,
  )
})

describe('a worker frozen past its lease', () => {
  it('doubles nothing when it thaws: another has done the work, its own claim is over', async () => {
    const frozen = spawnWorker('frozen')
    const deal = await home.offer()
    await inHand('pc1', frozen)
    frozen.signal('SIGSTOP')
    spawnWorker('other')
    const sector = await proving(deal)
    frozen.signal('SIGCONT')
    await until(
      'the thawed worker hears that its claim is over',
      () => frozen.log(),
      (log) => log.includes('claim lost') || log.includes('result refused'),
      { deadlineMs: DEADLINE_MS },
    )
    expect((await home.operator['sectors.get']({ sectorNumber: sector })).state).toBe('Proving')
    expect(times(`preCommit ${sector}`, home.miner.sent)).toBe(1)
    expect(times(`proveCommit ${sector}`, home.miner.sent)).toBe(1)
    expect(existsSync(join(dir, `storage-other/sealed/s-t01000-${sector}`))).toBe(true)
    expect(existsSync(join(dir, `storage-frozen/sealed/s-t01000-${sector}`))).toBe(false)
    await until(
      'what it had begun lies in the trash',
      () => readdirSync(join(dir, 'storage-frozen/claims')),
      (claims) => claims.length === 0,
      { deadlineMs: DEADLINE_MS },
    )
  }, 120_000)
})

describe('a worker', () => {
  it('starts with less than 200 MiB', async () => {
    const worker = spawnWorker('lean')
    await until(
      'registered',
      () => worker.log(),
      (log) => log.includes('taking work'),
      { deadlineMs: DEADLINE_MS },
    )
    expect(rssMib(worker.pid)).toBeLessThan(200)
  })
})
