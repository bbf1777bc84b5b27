import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from '@libp2p/interface'
import { proposeDeal } from '@sealane/market/node'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  payload,
  type RunningProvider,
  startProvider,
  TestClient,
  TestHome,
} from '../testing/provider-under-test.js'
import { TestChain } from '../testing/test-chain.js'

const redis = localRedis()
const dir = temporaryDirectory()
const files = join(dir, 'files')
const chain = new TestChain()
let provider: RunningProvider
let client: TestClient
let connection: Connection
let home: TestHome

beforeAll(async () => {
  mkdirSync(files)
  client = await TestClient.funded(chain)
  home = new TestHome(redis.url)
  const flags = ['--transfer-import-roots', files, '--staging-max-bytes', '10000']
  provider = await startProvider({ dir, redisUrl: redis.url, chain, flags })
  connection = await client.dial(provider)
  await provider.asked()
})
afterAll(async () => {
  await provider?.stop()
  await client?.stop()
  await home?.close()
})

async function awaiting(data: Uint8Array): Promise<string> {
  const params = client.propose(data, { offline: true })
  expect(await proposeDeal(connection, params)).toEqual({ accepted: true, message: '' })
  await provider.dealIn(params.dealUuid, 'AwaitingData')
  return params.dealUuid
}
const file = (name: string, data: Uint8Array) => {
  writeFileSync(join(files, name), data)
  return join(files, name)
}
const importData = (id: string, path: string) => provider.operator['deals.importData']({ id, path })

describe('importing the data of an offline deal', () => {
  it('takes the right file, once, and offers the piece', async () => {
    const data = payload(2048, 3)
    const uuid = await awaiting(data)
    const path = file('right.car', data)
    await importData(uuid, path)
    await provider.dealIn(uuid, 'Transferred')
    expect(readFileSync(path).equals(data)).toBe(true)
    await until(
      'the offer',
      () => home.of('dealOffered'),
      (offers) => offers.some((offer) => offer.payloadSize === String(data.length)),
    )
    await expect(importData(uuid, path)).rejects.toThrow(
      `deal ${uuid} has already been imported and reached checkpoint Transferred`,
    )
  })

  it('refuses the wrong file, says both commitments, and goes on waiting for the right one', async () => {
    const data = payload(2048)
    const uuid = await awaiting(data)
    await importData(uuid, file('wrong.car', payload(2048)))
    const row = await until(
      'the refusal',
      () => provider.deal(uuid),
      ({ failure }) => failure !== null,
    )
    const text = `error when matching commP for imported data for offline deal: commP expected=${row.pieceCid}, actual=baga`
    expect(row).toMatchObject({
      state: 'AwaitingData',
      failure: { remedy: 'hold', text: expect.stringContaining(text) },
    })
    expect((await client.status(connection, uuid)).dealStatus).toMatchObject({
      status: 'Accepted',
      error: expect.stringContaining(text),
    })
    expect(existsSync(provider.life.rooms.staging.path(uuid))).toBe(false)
    await importData(uuid.slice(0, 18), file('right-at-last.car', data))
    expect(await provider.dealIn(uuid, 'Transferred')).toMatchObject({ failure: null })
  })

  it('reads no links, devices, folders, pipes, nor anything outside its folders', async () => {
    const data = payload(2048)
    const uuid = await awaiting(data)
    const refusals: [string, string][] = [
      [join(files, 'missing'), 'no such file'],
      ['relative.car', 'give an absolute path'],
      [files, 'it is no regular file'],
      ['/dev/zero', 'it is no regular file'],
      ['/etc/passwd', 'it is outside transfer.import_roots'],
      [join(files, '..', 'outside'), 'it is outside transfer.import_roots'],
      [join(files, 'link'), 'it is a symbolic link'],
      [join(files, 'pipe'), 'it is no regular file'],
      [file('empty', new Uint8Array()), 'it is empty'],
      [file('long', payload(4096)), 'it has 4064 bytes, a piece of 2048 bytes has room for 2032'],
    ]
    writeFileSync(join(dir, 'outside'), data)
    symlinkSync(join(dir, 'outside'), join(files, 'link'))
    symlinkSync(dir, join(files, 'up'))
    refusals.push([join(files, 'up', 'outside'), 'it is outside transfer.import_roots'])
    spawnSync('/usr/bin/mkfifo', [join(files, 'pipe')])
    for (const [path, reason] of refusals) {
      await expect(importData(uuid, path)).rejects.toMatchObject({
        code: 'IMPORT_REFUSED',
        message: `cannot import ${path}: ${reason}`,
      })
    }
    expect((await provider.deal(uuid)).state).toBe('AwaitingData')
  })

  it('keeps to the limit of staging', async () => {
    const first = payload(2048)
    const uuid = await awaiting(first)
    // Two pieces lie there already: 10,000 bytes have room for four.
    for (const data of [payload(2048), payload(2048)]) {
      const other = await awaiting(data)
      await importData(other, file(`${other}.car`, data))
      await provider.dealIn(other, 'Transferred')
    }
    await expect(importData(uuid, file('no-room.car', first))).rejects.toThrow('staging has no room for it')
    const online = client.propose(payload(2048), { url: 'http://127.0.0.1:1/x' })
    expect(await proposeDeal(connection, online)).toEqual({
      accepted: false,
      message: 'server error: provider has no space left for storage deals',
    })
    for (const row of await provider.operator['deals.list']({ state: 'Transferred' })) {
      await home.progress(row.dealUuid, { pieceState: 'Home' })
    }
    await until(
      'room',
      () => provider.operator.status({}),
      ({ stagingUsedBytes }) => stagingUsedBytes === '0',
    )
    await importData(uuid, join(files, 'no-room.car'))
    await provider.dealIn(uuid, 'Transferred')
  })
})

describe('cancelling a deal', () => {
  it('ends one that home has not taken, tells its client, and gives back what it held', async () => {
    const uuid = await awaiting(payload(2048))
    const before = await provider.life.rooms.ledger.held()
    const row = await provider.operator['deals.cancel']({ id: uuid })
    expect(row).toMatchObject({
      state: 'Failed',
      failure: { code: 'CANCELLED', text: 'user manually terminated the deal' },
    })
    expect((await client.status(connection, uuid)).dealStatus).toMatchObject({
      status: 'Complete',
      error: 'user manually terminated the deal',
    })
    expect(await provider.life.rooms.ledger.held()).toEqual(before)
    await expect(provider.operator['deals.cancel']({ id: uuid })).rejects.toMatchObject({
      code: 'NOT_CANCELLABLE',
    })
  })
})
