import { setTimeout as pause } from 'node:timers/promises'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AppProcess, Home } from '../testing/home.js'
import { rssMib } from '../testing/processes.js'
import type { Worker } from '../worker/worker.js'

const redis = localRedis()
const dir = temporaryDirectory()
const DEADLINE_MS = 90_000
/** Where in a run of a few seconds the coordinator is killed, each time after it has answered again. Unit: ms. */
const killsAfterMs = [50, 700, 250, 1_100, 400, 900]
let home: Home
let coordinator: AppProcess
let workers: Worker[]

beforeAll(async () => {
  home = await Home.open(dir, redis.url, { leaseMs: 20_000 })
  home.settings.limits.deal_concurrent = 2
  coordinator = home.spawnCoordinator()
  workers = [await home.startWorker('a'), await home.startWorker('b')]
})
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()))
  await home.close()
})

const answers = () =>
  until(
    'the coordinator answers',
    () => home.operator.status({}),
    () => true,
    { deadlineMs: DEADLINE_MS },
  )

describe('a coordinator', () => {
  it('starts with less than 200 MiB', async () => {
    await answers()
    expect(rssMib(coordinator.pid)).toBeLessThan(200)
  })

  it('killed -9 again and again in the middle of four deals loses nothing and does nothing twice', async () => {
    const deals = [await home.offer(), await home.offer(), await home.offer(), await home.offer()]
    for (const afterMs of killsAfterMs) {
      await answers()
      await pause(afterMs)
      await coordinator.kill()
      coordinator = home.spawnCoordinator()
    }
    const sectors = await until(
      'all Proving',
      () => home.operator['sectors.list']({}),
      (rows) => rows.filter((row) => row.state === 'Proving').length === deals.length,
      { deadlineMs: DEADLINE_MS },
    )
    const pieces = await home.operator['pieces.list']({})
    expect(pieces.map((piece) => [piece.state, deals.includes(piece.dealUuid)])).toEqual(
      deals.map(() => ['Sealed', true]),
    )
    const numbers = sectors.map((sector) => sector.sectorNumber)
    expect(new Set(numbers).size).toBe(deals.length)
    const wanted = numbers.flatMap((number) => [`preCommit ${number}`, `proveCommit ${number}`])
    expect([...home.miner.sent].sort()).toEqual(wanted.sort())
    const log = await home.operator['sealing.limitsLog']({})
    expect(Math.max(...log.map((line) => line.inFlightDealSectors))).toBeLessThanOrEqual(2)
    expect((await home.operator.status({})).limits.inFlightDealSectors).toBe(0)
  }, 180_000)

  it('keeps a second one off its state: that ends at once and names the first', async () => {
    const { flaggedLimits: _, ...settings } = home.settings
    const second = home.spawn('run', 'second', settings)
    expect(await second.ended).toBe(78)
    expect(second.log()).toContain(
      `LOCKED: ${dir}/sealer/sealer.lock is held by process ${coordinator.pid}: stop that one first`,
    )
    await answers()
  }, 60_000)

  it('stops within ten seconds, also with Redis gone', async () => {
    await redis.kill()
    await pause(500)
    const askedMs = performance.now()
    coordinator.signal('SIGTERM')
    expect(await coordinator.ended).toBe(0)
    expect(performance.now() - askedMs).toBeLessThan(10_000)
  }, 60_000)
})
