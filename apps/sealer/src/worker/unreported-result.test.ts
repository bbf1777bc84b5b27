import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type AppProcess, Home } from '../testing/home.js'
import { proofsOf } from '../testing/processes.js'

const redis = localRedis()
const dir = temporaryDirectory()
const DEADLINE_MS = 60_000
const results = join(dir, 'w/results')
let home: Home
let coordinator: AppProcess

beforeAll(async () => {
  home = await Home.open(dir, redis.url, { leaseMs: 120_000 })
  coordinator = home.spawnCoordinator()
})
afterEach(() => coordinator.signal('SIGCONT'))
afterAll(() => home.close())

describe('a worker killed -9 between its result and its report', () => {
  it.each([
    ['pc1', 'preCommit1'],
    ['c2', 'commit2Trapdoor'],
  ])(
    'of %s reports it when it is back: nothing is done twice',
    async (task, proof) => {
      const first = home.spawnWorker('w')
      const deal = await home.offer()
      await until(
        `a child that does ${proof}`,
        () => proofsOf(first.pid),
        (proofs) => proofs.includes(proof),
        { deadlineMs: DEADLINE_MS, everyMs: 1 },
      )
      // The worker can make its result, but nobody hears of it.
      coordinator.signal('SIGSTOP')
      await until(
        'a result on disk',
        () => (existsSync(results) ? readdirSync(results) : []),
        (names) => names.some((name) => name.startsWith('sealer.')),
        { deadlineMs: DEADLINE_MS, everyMs: 1 },
      )
      await first.kill()
      coordinator.signal('SIGCONT')
      const second = home.spawnWorker('w')
      const ofDeal = await until(
        'its sector Proving',
        async () => {
          const sectors = await home.operator['sectors.list']({})
          return sectors.find((row) => row.pieces.some((piece) => piece.dealUuid === deal))
        },
        (row) => row?.state === 'Proving',
        { deadlineMs: DEADLINE_MS },
      )
      expect(second.log()).toContain('a result made before the restart was accepted')
      const claimed = second
        .log()
        .split('\n')
        .filter(
          (line) => line.includes('"msg":"claimed"') && line.includes(`"sector":${ofDeal?.sectorNumber}`),
        )
      expect(claimed.filter((line) => line.includes(`"task":"${task}"`))).toHaveLength(1)
      await second.kill()
    },
    150_000,
  )
})
