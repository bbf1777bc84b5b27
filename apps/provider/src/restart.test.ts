import { chmodSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { proposeDeal } from '@sealane/market/node'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DataServer, honest, rangeOf } from './testing/data-server.js'
import {
  payload,
  type RunningProvider,
  startProvider,
  TestClient,
  TestHome,
} from './testing/provider-under-test.js'
import { TestChain } from './testing/test-chain.js'

const redis = localRedis()
const dir = temporaryDirectory()
const chain = new TestChain()
let provider: RunningProvider
let client: TestClient
let home: TestHome
let server: DataServer

beforeAll(async () => {
  server = await new DataServer().listen()
  client = await TestClient.funded(chain)
  chain.sectorSize = 8n << 20n
  home = new TestHome(redis.url)
})
afterAll(async () => {
  await provider?.stop()
  await client?.stop()
  await home?.close()
})
const start = async (flags: string[] = []) => {
  provider = await startProvider({ dir, redisUrl: redis.url, chain, flags })
  await provider.asked()
  return await client.dial(provider)
}

describe('a provider that is stopped and started again', () => {
  it('is the same peer, takes transfers up where they were, and forgets nothing', async () => {
    const connection = await start()
    const peerId = provider.life.rooms.host.peerId.toString()
    expect(statSync(join(dir, 'state', 'identity.key')).mode & 0o777).toBe(0o600)
    const data = payload(1 << 20)
    let slow = true
    const url = server.put('/big', data, (request, response, file) => {
      if (!slow) return honest(request, response, file)
      const { start: from } = rangeOf(request, file.length)
      response.writeHead(206, {
        'content-range': `bytes ${from}-${file.length - 1}/${file.length}`,
        etag: '"v1"',
      })
      response.write(file.subarray(from, from + 500_000))
    })
    const params = client.propose(data, { url })
    expect(await proposeDeal(connection, params)).toMatchObject({ accepted: true })
    await until(
      'half of it',
      () => provider.deal(params.dealUuid),
      ({ receivedBytes }) => Number(receivedBytes) >= 500_000,
    )
    await provider.stop()
    expect(statSync(join(dir, 'state', 'staging', `${params.dealUuid}.piece`)).size).toBe(500_000)

    slow = false
    writeFileSync(join(dir, 'state', 'staging', 'a1b9935f-fba7-4f91-1873-a4bd72996ccb.piece'), 'of no deal')
    const again = await start()
    expect(provider.life.rooms.host.peerId.toString()).toBe(peerId)
    await provider.dealIn(params.dealUuid, 'Transferred')
    expect(server.asked('/big').at(-1)?.range).toBe(`bytes=500000-${data.length - 1}`)
    expect(readdirSync(join(dir, 'state', 'staging')).filter((name) => name.endsWith('.piece'))).toEqual([
      `${params.dealUuid}.piece`,
    ])
    expect(await proposeDeal(again, params)).toMatchObject({ accepted: false })
    expect((await provider.operator['asks.get']({}))?.sequence).toBe(0)
  })

  it('ends a deal whose bytes were taken away, and tells home', async () => {
    const connection = await client.dial(provider)
    const data = payload(4096)
    const params = client.propose(data, { url: server.put('/gone', data) })
    await proposeDeal(connection, params)
    await provider.dealIn(params.dealUuid, 'Transferred')
    await provider.stop()
    rmSync(join(dir, 'state', 'staging', `${params.dealUuid}.piece`))
    await start()
    expect(await provider.deal(params.dealUuid)).toMatchObject({ state: 'Transferred' })
    await home.progress(params.dealUuid, { pieceState: 'Pulling' })
    expect(await provider.dealIn(params.dealUuid, 'Failed')).toMatchObject({
      failure: { code: 'STAGED_FILE_MISSING' },
    })
    await until(
      'home to be told',
      () => home.of('dealWithdrawn'),
      (told) => told.some(({ dealUuid }) => dealUuid === params.dealUuid),
    )
  })

  it('from an older database asks home what became of the deals that it still waits for', async () => {
    const connection = await client.dial(provider)
    const uuids: string[] = []
    for (const path of ['/there', '/trashed']) {
      const data = payload(4096)
      const params = client.propose(data, { url: server.put(path, data) })
      await proposeDeal(connection, params)
      await until(
        'home to have taken the offer',
        () => provider.life.rooms.deals.get(params.dealUuid),
        (row) => row.home_took_offer === 1,
      )
      uuids.push(params.dealUuid)
    }
    const [there = '', trashed = ''] = uuids
    await provider.stop()
    rmSync(join(dir, 'state', 'staging', `${trashed}.piece`))
    const offered = (uuid: string) =>
      home.of('dealOffered').filter(({ dealUuid }) => dealUuid === uuid).length
    const before = uuids.map(offered)
    await start()
    await until(
      'home to be asked',
      () => uuids.map(offered),
      (now) => now.every((count, at) => count > (before[at] ?? 0)),
    )
    for (const uuid of [there, trashed]) await home.progress(uuid, { pieceState: 'Sealed', dealId: 5 })
    for (const uuid of [there, trashed]) {
      await provider.dealIn(uuid, 'Active')
      await until(
        'its place in staging to be free',
        () => provider.life.rooms.deals.get(uuid),
        (row) => row.staging_reserved === 0 && row.collateral_reserved === 0 && row.staged === 0,
      )
    }
  })

  it('starts without a miner, refuses deals until it has one, and keeps it', async () => {
    await provider.stop()
    rmSync(join(dir, 'state'), { recursive: true })
    const flags = ['--miner-address', '']
    provider = await startProvider({ dir, redisUrl: redis.url, chain, flags })
    const connection = await client.dial(provider)
    const propose = () => proposeDeal(connection, client.propose(payload(2048), { offline: true }))
    expect(await propose()).toMatchObject({
      accepted: false,
      message: expect.stringContaining('no miner address yet'),
    })
    expect((await provider.operator.health({})).rooms).toContainEqual(
      expect.objectContaining({ room: 'miner address', ok: false }),
    )
    expect(await provider.operator['miner.set']({ address: 't01000' })).toEqual({ miner: 't01000' })
    expect(await propose()).toMatchObject({ accepted: true })
    await expect(provider.operator['miner.set']({ address: 't01001' })).rejects.toMatchObject({
      code: 'MINER_CHANGED',
    })
    await provider.stop()
    await start(flags)
    expect((await provider.operator.status({})).miner).toBe('t01000')
  })

  it('refuses to share its state, its identity with others, or its deals with another miner', async () => {
    const other = temporaryDirectory()
    const second = startProvider({
      dir: other,
      redisUrl: redis.url,
      chain,
      flags: ['--paths-state-dir', join(dir, 'state')],
    })
    await expect(second).rejects.toMatchObject({ code: 'LOCKED', remedy: 'halt' })
    await provider.stop()
    const elsewhere = startProvider({ dir, redisUrl: redis.url, chain, flags: ['--miner-address', 't01001'] })
    await expect(elsewhere).rejects.toMatchObject({ code: 'MINER_CHANGED', remedy: 'halt' })
  })
})

describe('transfers from private networks', () => {
  it('are refused where the operator has not allowed them', async () => {
    const fresh = temporaryDirectory()
    provider = await startProvider({
      dir: fresh,
      redisUrl: redis.url,
      chain,
      flags: ['--transfer-allow-private-addresses', 'false'],
    })
    const connection = await client.dial(provider)
    await provider.asked()
    const data = payload(2048)
    const urls = [
      server.put('/secret', data),
      server.put('/secret', data).replace('127.0.0.1', 'localhost'),
      'http://[::ffff:127.0.0.1]:80/x',
      'http://169.254.169.254/latest/meta-data',
      `libp2p://${client.host.getMultiaddrs()[0]}`,
    ]
    for (const url of urls) {
      const params = client.propose(payload(2048), { url })
      expect(await proposeDeal(connection, params)).toEqual({ accepted: true, message: '' })
      const row = await provider.dealIn(params.dealUuid, 'Failed')
      expect(row.failure).toMatchObject({
        code: 'ADDRESS_FORBIDDEN',
        text: expect.stringContaining('downloading from private ip addresses is not allowed'),
      })
    }
    expect(server.asked('/secret')).toEqual([])
    expect(existsSync(join(fresh, 'state'))).toBe(true)
    chmodSync(join(fresh, 'state', 'identity.key'), 0o640)
    await provider.stop()
    const open = startProvider({ dir: fresh, redisUrl: redis.url, chain })
    await expect(open).rejects.toMatchObject({ code: 'IDENTITY_KEY', remedy: 'halt' })
  })
})
