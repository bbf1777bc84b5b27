import { join } from 'node:path'
import type { Address } from '@sealane/actors'
import { localRedis, temporaryDirectory } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MinerActor } from '../network/miner-actor.js'
import { MinerDb } from '../database.js'
import { PostWorker, type PostWorkerOptions } from './testing/post-worker.js'
import { ProvingMiner } from './testing/proving-miner.js'

const MINUTES = 60_000

describe('WindowPoSt on the devnet', { timeout: 4 * MINUTES }, () => {
  const directory = temporaryDirectory()
  const redis = localRedis()
  let miner: ProvingMiner
  let worker: PostWorker

  beforeAll(async () => {
    miner = await ProvingMiner.open({ directory, redisUrl: redis.url })
  }, 3 * MINUTES)
  afterAll(async () => {
    await worker?.stop()
    await miner?.stop()
  })

  function hire(name: string, changes: Partial<PostWorkerOptions> = {}): PostWorker {
    return new PostWorker({
      name,
      grpc: miner.rooms.grpcAddress,
      hubUrl: miner.rooms.hubUrl,
      tls: miner.tls.worker,
      redisUrl: redis.url,
      scratch: join(directory, `worker-${name}`),
      paths: [{ storageId: 'path-a', sectors: miner.sectors }],
      ...changes,
    })
  }

  it('proves two new sectors at their first deadline, and tells that they are proven', async () => {
    const numbers = await miner.seal(2)
    worker = hire('w1')
    await worker.start()
    for (const sectorNumber of numbers) {
      const fact = await miner.told('sectorProven', (value) => value.sectorNumber === sectorNumber)
      expect(fact.messageCid).toMatch(/^baf/)
    }
    const { address } = await miner.rooms.context.get(MinerActor).require()
    const power = await miner.devnet.chain.minerPower(address as Address)
    expect(power.minerPower.rawBytePower).toBe(4096n)
    const rows = await miner.rooms.context.get(MinerDb).selectFrom('messages').select(['class', 'state', 'exit_code']).where('class', '=', 'windowPost').execute()
    expect(rows).toEqual([{ class: 'windowPost', state: 'Confirmed', exit_code: 0 }])
  })
})
