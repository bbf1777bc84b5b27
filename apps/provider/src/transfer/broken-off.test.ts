import { mkdir, rmdir, writeFile } from 'node:fs/promises'
import type { Connection } from '@libp2p/interface'
import { proposeDeal } from '@sealane/market/node'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Behaviour, DataServer, honest } from '../testing/data-server.js'
import { payload, type RunningProvider, startProvider, TestClient } from '../testing/provider-under-test.js'
import { TestChain } from '../testing/test-chain.js'
import { TransferStore } from './transfer-store.js'

const redis = localRedis()
const dir = temporaryDirectory()
const chain = new TestChain()
let provider: RunningProvider
let client: TestClient
let connection: Connection
let server: DataServer

beforeAll(async () => {
  server = await new DataServer().listen()
  client = await TestClient.funded(chain)
  chain.sectorSize = 8n << 20n
  provider = await startProvider({
    dir,
    redisUrl: redis.url,
    chain,
    flags: ['--transfer-concurrency', '2', '--transfer-per-host', '1', '--transfer-stall-timeout', '60s'],
  })
  connection = await client.dial(provider)
  await provider.asked()
})
afterEach(() => vi.restoreAllMocks())
afterAll(async () => {
  await provider?.stop()
  await client?.stop()
})

let made = 0
function proposal(behaviour: Behaviour = honest, from = server) {
  made += 1
  const data = payload(2048)
  const path = `/file-${made}`
  const params = client.propose(data, { url: from.put(path, data, behaviour) })
  const { dealUuid: uuid } = params
  return { params, uuid, path: provider.life.rooms.staging.path(uuid), asked: () => from.asked(path) }
}
async function propose(params: ReturnType<TestClient['propose']>): Promise<void> {
  expect(await proposeDeal(connection, params)).toEqual({ accepted: true, message: '' })
}
const breaks = (uuid: string) =>
  until(
    'a try that broke off',
    async () => (await provider.operator['deals.log']({ id: uuid })).map(({ event }) => event),
    (events) => events.includes('interrupted'),
  )

describe('a transfer that breaks off', () => {
  it('because its file cannot be opened is tried again', async () => {
    const { params, uuid, path } = proposal()
    await mkdir(path)
    await propose(params)
    await breaks(uuid)
    await rmdir(path)
    await provider.dealIn(uuid, 'Transferred')
  })

  it('while the database takes no writes is tried again, and told of when it does', async () => {
    let cut = true
    const { params, uuid } = proposal((request, response, file) => {
      if (!cut) return honest(request, response, file)
      cut = false
      response.socket?.destroy()
    })
    const move = TransferStore.prototype.move
    let full = 2
    vi.spyOn(TransferStore.prototype, 'move').mockImplementation(async function (
      this: TransferStore,
      ...[trx, transfer, event, changes]: Parameters<TransferStore['move']>
    ) {
      if (event === 'interrupted' && full > 0) {
        full -= 1
        throw new Error('database or disk is full')
      }
      return await move.call(this, trx, transfer, event, changes)
    })
    await propose(params)
    await provider.dealIn(uuid, 'Transferred')
    expect(full).toBe(0)
    await breaks(uuid)
  })
})

describe('a host that keeps its transfers waiting', () => {
  it('holds up nobody else’s, however many it has', async () => {
    const slow = await new DataServer().listen()
    const held: string[] = []
    for (let i = 0; i < 12; i += 1) {
      const { params, uuid } = proposal(() => {}, slow)
      held.push(uuid)
      await propose(params)
    }
    const { params, uuid } = proposal()
    await propose(params)
    await provider.dealIn(uuid, 'Transferred')
    for (const id of held) await provider.operator['transfers.cancel']({ id })
  })
})

describe('bytes joined from several tries that are not the piece', () => {
  it('are asked for once more from the first on, for what lay here may be what is wrong', async () => {
    const { params, uuid, path } = proposal()
    await writeFile(path, new Uint8Array(900))
    await propose(params)
    await provider.dealIn(uuid, 'Transferred')
  })

  it('end the deal when the source sends no better ones', async () => {
    const wrong = payload(2048)
    const { params, uuid, path, asked } = proposal((request, response) => honest(request, response, wrong))
    await writeFile(path, new Uint8Array(2032))
    await propose(params)
    expect((await provider.dealIn(uuid, 'Failed')).failure).toMatchObject({ code: 'COMMP_MISMATCH' })
    expect(asked()).toHaveLength(1)
  })
})
