import { setTimeout as pause } from 'node:timers/promises'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flushRedis } from '../testing/flush-redis.js'
import { Home } from '../testing/home.js'
import type { Worker } from '../worker/worker.js'
import type { Coordinator } from './coordinator.js'

const redis = localRedis()
const dir = temporaryDirectory()
const DEADLINE_MS = 60_000
let home: Home
let coordinator: Coordinator
let worker: Worker

beforeAll(async () => {
  home = await Home.open(dir, redis.url)
  home.settings.limits.deal_concurrent = 3
  coordinator = await home.startCoordinator()
  worker = await home.startWorker('a')
})
afterAll(async () => {
  await worker.stop()
  await coordinator.stop()
  await home.close()
})

/** Offers three deals and waits until one is worked while others wait in the queue. */
async function threeUnderWay(): Promise<string[]> {
  const deals = [await home.offer(), await home.offer(), await home.offer()]
  await until(
    'three sectors, one in hand',
    async () => {
      const sectors = await home.operator['sectors.list']({})
      const jobs = await home.operator['sealing.jobs']({})
      const open = sectors.filter((row) => row.pieces.some((piece) => deals.includes(piece.dealUuid ?? '')))
      return open.length === 3 && jobs.length > 0
    },
    (under) => under,
    { deadlineMs: DEADLINE_MS, everyMs: 2 },
  )
  return deals
}

async function allSealed(deals: readonly string[]): Promise<void> {
  const rows = await until(
    'all sealed',
    async () => (await home.operator['pieces.list']({})).filter((row) => deals.includes(row.dealUuid)),
    (pieces) => pieces.length === deals.length && pieces.every((piece) => piece.state === 'Sealed'),
    { deadlineMs: DEADLINE_MS },
  )
  for (const { sectorNumber } of rows) {
    expect(home.miner.sent.filter((line) => line === `preCommit ${sectorNumber}`)).toHaveLength(1)
    expect(home.miner.sent.filter((line) => line === `proveCommit ${sectorNumber}`)).toHaveLength(1)
  }
}

describe('Redis', () => {
  it('wiped in the middle of work costs nothing: the rows add again what it forgot', async () => {
    const deals = await threeUnderWay()
    await flushRedis(redis.url)
    await allSealed(deals)
  }, 90_000)

  it('killed -9 and restarted costs nothing either', async () => {
    const deals = await threeUnderWay()
    await redis.kill()
    await pause(500)
    await redis.restart()
    await allSealed(deals)
  }, 90_000)
})
