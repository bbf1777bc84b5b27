import type { Connection } from '@libp2p/interface'
import { proposeDeal } from '@sealane/market/node'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Behaviour, DataServer, honest, rangeOf } from '../testing/data-server.js'
import { payload, type RunningProvider, startProvider, TestClient } from '../testing/provider-under-test.js'
import { TestChain } from '../testing/test-chain.js'

const redis = localRedis()
const dir = temporaryDirectory()
const chain = new TestChain()
let provider: RunningProvider
let client: TestClient
let connection: Connection
let server: DataServer

async function start(): Promise<void> {
  provider = await startProvider({
    dir,
    redisUrl: redis.url,
    chain,
    flags: ['--transfer-stall-timeout', '60s', '--transfer-retry-max-wait', '1h'],
  })
  connection = await client.dial(provider)
}
beforeAll(async () => {
  server = await new DataServer().listen()
  client = await TestClient.funded(chain)
  chain.sectorSize = 8n << 20n
  await start()
})
afterAll(async () => {
  await provider?.stop()
  await client?.stop()
})

const half = 1 << 19
/** Sends the first half of a file, then nothing more, for ever; from there on it is honest. */
const stuck: Behaviour = (request, response, file) => {
  if (rangeOf(request, file.length).start > 0) return honest(request, response, file)
  response.writeHead(200, { 'content-length': file.length, 'accept-ranges': 'bytes', etag: '"v1"' })
  response.write(file.subarray(0, half))
}
let made = 0
async function deal(behaviour: Behaviour): Promise<{ uuid: string; path: string }> {
  made += 1
  const path = `/secret-path-${made}`
  const data = payload(1 << 20)
  const params = client.propose(data, { url: server.put(path, data, behaviour) })
  expect(await proposeDeal(connection, params)).toEqual({ accepted: true, message: '' })
  return { uuid: params.dealUuid, path }
}
const one = async (uuid: string, o = {}) =>
  (await provider.operator['transfers.list'](o)).find((row) => row.dealUuid === uuid)
const halfIsHere = (uuid: string) =>
  until(
    'half of the bytes',
    () => one(uuid),
    (row) => row?.receivedBytes === String(half),
  )

it('is listed with where it comes from, never with its URL, and restarted from the bytes on disk', async () => {
  const { uuid, path } = await deal(stuck)
  await halfIsHere(uuid)
  const row = await one(uuid)
  expect(row).toMatchObject({
    state: 'Running',
    from: expect.stringMatching(/^127.0.0.1:\d+$/),
    offline: false,
    tries: 0,
    failure: null,
  })
  expect(JSON.stringify(row)).not.toContain('secret')
  expect(await provider.operator['transfers.restart']({ id: uuid })).toMatchObject({ state: 'Waiting' })
  await provider.dealIn(uuid, 'Transferred')
  expect(server.requests.filter((asked) => asked.path === path).at(-1)?.range).toBe(
    `bytes=${half}-${((1 << 20) * 127) / 128 - 1}`,
  )
  expect(await one(uuid)).toBeUndefined()
  expect(await one(uuid, { completed: true })).toMatchObject({ state: 'Done' })
  await expect(provider.operator['transfers.restart']({ id: uuid })).rejects.toThrow(
    `the transfer of deal ${uuid} is Done: it cannot be restarted`,
  )
})

it('stays paused, over a restart of the provider too, until it is resumed', async () => {
  const { uuid } = await deal(stuck)
  await halfIsHere(uuid)
  expect(await provider.operator['transfers.pause']({ id: uuid })).toMatchObject({
    state: 'Paused',
    receivedBytes: String(half),
  })
  expect((await provider.deal(uuid)).waiting).toMatchObject({
    for: 'its transfer to be resumed: sealane transfers resume',
    who: 'operator',
  })
  await provider.stop()
  await start()
  expect(await one(uuid)).toMatchObject({ state: 'Paused' })
  await expect(provider.operator['transfers.pause']({ id: uuid })).rejects.toThrow(/cannot be paused/)
  expect(await provider.operator['transfers.resume']({ id: uuid })).toMatchObject({ state: 'Waiting' })
  await provider.dealIn(uuid, 'Transferred')
})

it('that failed and waits an hour is tried at once when it is restarted', async () => {
  let open = false
  const { uuid } = await deal((request, response, file) => {
    if (open) return honest(request, response, file)
    response.writeHead(503).end()
  })
  const failed = await until(
    'a failed try',
    () => one(uuid),
    (row) => row?.state === 'Waiting' && row.tries > 0,
  )
  expect(failed?.failure?.text).toContain('503')
  open = true
  await provider.operator['transfers.restart']({ id: uuid })
  await provider.dealIn(uuid, 'Transferred')
})

it('ends with its deal when it is cancelled, and the client is told', async () => {
  const { uuid } = await deal(stuck)
  await halfIsHere(uuid)
  expect(await provider.operator['transfers.cancel']({ id: uuid })).toMatchObject({ state: 'Failed' })
  expect((await client.status(connection, uuid)).dealStatus?.error).toContain(
    'user manually terminated the deal',
  )
  expect(await one(uuid)).toBeUndefined()
  expect(await one(uuid, { failed: true })).toMatchObject({ state: 'Failed' })
})
