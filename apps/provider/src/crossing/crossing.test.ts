import { existsSync, readdirSync } from 'node:fs'
import type { Connection } from '@libp2p/interface'
import { sign } from '@sealane/crypto'
import { type StorageAsk, signedStorageAsk, storageAsk } from '@sealane/market'
import { proposeDeal, queryAsk } from '@sealane/market/node'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DataServer } from '../testing/data-server.js'
import {
  fetchPiece,
  miner,
  payload,
  type RunningProvider,
  startProvider,
  TestClient,
  TestHome,
} from '../testing/provider-under-test.js'
import { TestChain } from '../testing/test-chain.js'

const redis = localRedis()
const dir = temporaryDirectory()
const chain = new TestChain()
let provider: RunningProvider
let client: TestClient
let connection: Connection
let server: DataServer
let home: TestHome

beforeAll(async () => {
  server = await new DataServer().listen()
  client = await TestClient.funded(chain)
  home = new TestHome(redis.url)
  provider = await startProvider({ dir, redisUrl: redis.url, chain })
  connection = await client.dial(provider)
  await provider.asked()
})
afterAll(async () => {
  await provider?.stop()
  await client?.stop()
  await home?.close()
})

async function transferred(
  startEpoch?: number,
): Promise<{ uuid: string; data: Uint8Array; pieceCid: string }> {
  const data = payload(2048)
  const url = server.put(`/${Math.random()}`, data)
  const params = client.propose(data, { url, ...(startEpoch === undefined ? {} : { startEpoch }) })
  expect(await proposeDeal(connection, params)).toEqual({ accepted: true, message: '' })
  await provider.dealIn(params.dealUuid, 'Transferred')
  return { uuid: params.dealUuid, data, pieceCid: params.clientDealProposal.proposal.pieceCid }
}
/** Moves the chain, and waits until a remembered head is forgotten. */
async function headAt(height: number): Promise<void> {
  if (chain.head === height) return
  chain.head = height
  await until(
    'the head to be seen',
    () => provider.operator.status({}),
    ({ headEpoch }) => headEpoch === height,
  )
}
beforeEach(() => headAt(10_000))

describe('the crossing', () => {
  it('offers a piece again until home has acknowledged it, with Redis killed in between', async () => {
    home.acknowledging = false
    const { uuid } = await transferred()
    await redis.kill()
    await redis.restart()
    const heard = () =>
      home.received.filter(({ message }) => message.kind === 'dealOffered' && message.dealUuid === uuid)
    await until('the offer twice', heard, (jobs) => jobs.length >= 2, { deadlineMs: 25_000 })
    const [first, second] = heard()
    expect(second).toMatchObject({ ...first, tries: expect.any(Number) })
    expect(second?.tries).toBeGreaterThan(first?.tries ?? 0)
    expect((await provider.life.rooms.outbox.waiting()).count).toBe(1)
    if (second !== undefined) await home.acknowledgeJob(second)
    home.acknowledging = true
    await until(
      'the outbox to be empty',
      () => provider.life.rooms.outbox.waiting(),
      ({ count }) => count === 0,
    )
  }, 60_000)

  it('believes only the newest snapshot, and each once', async () => {
    const { uuid } = await transferred()
    await home.progress(uuid, { pieceState: 'Published', publicationState: 'Published', dealId: 9 }, 1_000)
    await provider.dealIn(uuid, 'Published')
    await home.progress(uuid, { pieceState: 'Home' }, 999)
    await home.progress(uuid, { pieceState: 'Home' }, 1_000)
    await until(
      'both to be acknowledged',
      () => home.of('acknowledgements').flatMap(({ of }) => of),
      (of) => of.filter(({ subject }) => subject === `d-${uuid}`).length === 3,
    )
    expect(await provider.deal(uuid)).toMatchObject({ state: 'Published', dealId: 9 })
  })

  it('goes back with home when the chain has gone back', async () => {
    const { uuid } = await transferred()
    await home.progress(uuid, { pieceState: 'InSector', sectorNumber: 4, sectorState: 'WaitSeed', dealId: 1 })
    await provider.dealIn(uuid, 'Sealing')
    await home.progress(uuid, { pieceState: 'Published', dealId: 1 })
    const row = await provider.dealIn(uuid, 'Published')
    expect(row).toMatchObject({ sectorNumber: null, sectorState: null })
  })

  it('keeps the bytes until home says that it has them, then moves them to the trash', async () => {
    const { uuid } = await transferred()
    const path = provider.life.rooms.staging.path(uuid)
    await home.progress(uuid, { pieceState: 'Pulling', waitingFor: 'bytes from abroad' })
    await until(
      'home to be waited for',
      () => provider.deal(uuid),
      (row) => row.waiting?.for === 'bytes from abroad',
    )
    expect(existsSync(path)).toBe(true)
    await home.progress(uuid, { pieceState: 'Home' })
    await until(
      'the file to go',
      () => existsSync(path),
      (there) => !there,
    )
    const days = readdirSync(`${provider.life.rooms.staging.dir}/trash`)
    expect(days).toHaveLength(1)
  })

  it('ends a deal that home has dropped, with the reason for the client', async () => {
    const { uuid } = await transferred()
    const failure = { code: 'PUBLISH_REFUSED', remedy: 'drop' as const, text: 'the client has no money left' }
    await home.progress(uuid, { pieceState: 'Dropped', failure })
    await provider.dealIn(uuid, 'Failed')
    expect((await client.status(connection, uuid)).dealStatus).toMatchObject({
      status: 'Complete',
      error: 'the client has no money left',
    })
    await until(
      'the file to go',
      () => existsSync(provider.life.rooms.staging.path(uuid)),
      (there) => !there,
    )
  })

  it('is told of deals that are not ours, and shrugs', async () => {
    await home.progress('7a1b9e60-53db-4c0f-80b5-30ee04b15b54', { pieceState: 'Sealed' })
    const { uuid } = await transferred()
    await home.progress(uuid, { pieceState: 'Home' })
    await provider.dealIn(uuid, 'AtHome')
  })

  it('leaves it to home how a deal ends that home has taken, and ends the others itself', async () => {
    const { uuid: taken } = await transferred(12_345)
    await until(
      'home to take it',
      () => provider.life.rooms.deals.get(taken),
      (deal) => deal.home_took_offer === 1,
    )
    home.acknowledging = false
    const { uuid } = await transferred(12_345)
    const offline = client.propose(payload(2048), { offline: true, startEpoch: 12_345 })
    expect(await proposeDeal(connection, offline)).toMatchObject({ accepted: true })
    await headAt(12_346)
    await provider.life.rooms.expire.sweep()
    expect((await provider.deal(taken)).state).toBe('Transferred')
    for (const id of [uuid, offline.dealUuid]) {
      expect((await provider.deal(id)).failure?.text).toBe(
        'deal proposal must be proven on chain by deal proposal start epoch 12345, but it has expired: current chain height: 12346',
      )
      expect((await client.status(connection, id)).dealStatus).toMatchObject({ status: 'Complete' })
    }
    await until(
      'home to be told',
      () => home.of('dealWithdrawn'),
      (told) => told.some(({ dealUuid }) => dealUuid === uuid),
    )
    home.acknowledging = true
    expect(home.of('dealWithdrawn').map(({ dealUuid }) => dealUuid)).not.toContain(offline.dealUuid)
    const failure = {
      code: 'START_EPOCH_PASSED',
      remedy: 'drop' as const,
      text: 'start epoch passed at home',
    }
    await home.progress(taken, { pieceState: 'Dropped', failure })
    expect((await provider.dealIn(taken, 'Failed')).failure?.text).toBe('start epoch passed at home')
  })

  it('ends an active deal as expired after its last epoch', async () => {
    const { uuid } = await transferred()
    await home.progress(uuid, { pieceState: 'Sealed', dealId: 5, sectorNumber: 1, activeEpoch: 11_000 })
    const { endEpoch } = await provider.dealIn(uuid, 'Active')
    await headAt(endEpoch + 1)
    await provider.life.rooms.expire.sweep()
    await provider.dealIn(uuid, 'Expired')
    expect((await client.status(connection, uuid)).dealStatus).toMatchObject({
      status: 'Complete',
      error: '',
    })
  })
})

describe('the piece server', () => {
  it('serves whole pieces and ranges to home', async () => {
    const { data, pieceCid } = await transferred()
    expect(
      Buffer.from(await fetchPiece(provider, { cid: pieceCid, sizeBytes: data.length })).equals(data),
    ).toBe(true)
    const rest = await fetchPiece(provider, { cid: pieceCid, sizeBytes: data.length, start: 2000 })
    expect(Buffer.from(rest).equals(data.subarray(2000))).toBe(true)
  })

  it('serves nobody else, and nothing else', async () => {
    const { data, pieceCid } = await transferred()
    await expect(
      fetchPiece(provider, { cid: pieceCid, sizeBytes: data.length, role: 'worker' }),
    ).rejects.toMatchObject({
      code: 'FILE_REFUSED',
    })
    const unknown = 'baga6ea4seaqao7s73y24kcutaosvacpdjgfe5pw76ooefnyqw4ynr3d2y6x2mpq'
    for (const cid of [unknown, '../../identity.key', '..%2f..%2fidentity.key', '']) {
      await expect(fetchPiece(provider, { cid, sizeBytes: 100 })).rejects.toMatchObject({
        code: 'FILE_REFUSED',
      })
    }
  })

  it('does not serve bytes that are still arriving', async () => {
    const data = payload(2048)
    const url = server.put('/slow', data, (_request, response, file) => {
      response.writeHead(206, {
        'content-range': `bytes 0-${file.length - 1}/${file.length}`,
        'content-length': file.length,
      })
      response.write(file.subarray(0, 1000))
    })
    const params = client.propose(data, { url })
    await proposeDeal(connection, params)
    await until(
      'bytes to arrive',
      () => provider.deal(params.dealUuid),
      ({ receivedBytes }) => receivedBytes === '1000',
    )
    const { pieceCid } = params.clientDealProposal.proposal
    await expect(fetchPiece(provider, { cid: pieceCid, sizeBytes: 1000 })).rejects.toMatchObject({
      code: 'FILE_REFUSED',
    })
    expect((await client.status(connection, params.dealUuid)).bytesReceived).toBe(1000n)
  })
})

describe('the ask', () => {
  const sent = () => home.of('askWanted').at(-1)
  const signed = (ask: StorageAsk) => {
    const bytes = signedStorageAsk.encode({ ask, signature: sign(client.key, storageAsk.encode(ask)) })
    return Buffer.from(bytes).toString('base64')
  }

  it('is signed at home before clients see it', async () => {
    expect(await queryAsk(connection, miner)).toBeNull()
    const wanted = await until('the ask to be sent', sent, (ask) => ask !== undefined)
    const ask = storageAsk.decode(Uint8Array.from(Buffer.from(wanted?.ask ?? '', 'base64')))
    expect(ask).toMatchObject({
      miner,
      price: 1_000_000n,
      minPieceSize: 256n,
      maxPieceSize: 2048n,
      sequence: 0,
    })
    await home.say('ask-0', { kind: 'askSigned', sequence: 0, signedAsk: signed(ask), refusal: null })
    const shown = await until(
      'clients to see it',
      () => queryAsk(connection, miner),
      (answer) => answer !== null,
    )
    expect(shown?.ask).toEqual(ask)
  })

  it('changes with each set, and an old signature does not pass for a new one', async () => {
    const set = await provider.operator['asks.set']({
      price: '5',
      verifiedPrice: '3',
      minPieceSize: '512',
      durationEpochs: 100,
    })
    expect(set).toMatchObject({
      sequence: 1,
      price: '5',
      minPieceSize: '512',
      expiryEpoch: 10_100,
      signed: false,
    })
    const wanted = await until('the ask to be sent', sent, (ask) => ask?.sequence === 1)
    const ask = storageAsk.decode(Uint8Array.from(Buffer.from(wanted?.ask ?? '', 'base64')))
    await home.say('ask-1', {
      kind: 'askSigned',
      sequence: 1,
      signedAsk: signed({ ...ask, maxPieceSize: 1n << 40n }),
      refusal: null,
    })
    await home.say('ask-2', {
      kind: 'askSigned',
      sequence: 1,
      signedAsk: null,
      refusal: 'price below the policy',
    })
    await until(
      'the refusal',
      () => provider.operator['asks.get']({}),
      (row) => row?.waiting?.for.includes('price below the policy') === true,
    )
    expect((await queryAsk(connection, miner))?.ask?.sequence).toBe(0)
    await home.say('ask-3', { kind: 'askSigned', sequence: 1, signedAsk: signed(ask), refusal: null })
    await until(
      'clients to see it',
      () => queryAsk(connection, miner),
      (shown) => shown?.ask?.sequence === 1,
    )
  })

  it('cannot be what a miner cannot hold', async () => {
    const set = (o: { minPieceSize?: string; maxPieceSize?: string }) =>
      provider.operator['asks.set']({ price: '0', verifiedPrice: '0', ...o })
    await expect(set({ minPieceSize: '128' })).rejects.toThrow('minimum piece size (w/bit-padding) is 256B')
    await expect(set({ maxPieceSize: '4096' })).rejects.toThrow(
      'max piece size (w/bit-padding) 4KiB cannot exceed miner sector size 2KiB',
    )
    await expect(set({ maxPieceSize: '3000' })).rejects.toThrow('padded piece size must be a power of 2')
  })
})

describe('stopping', () => {
  it('is quick, even with Redis gone', async () => {
    await redis.kill()
    const began = performance.now()
    await provider.stop()
    expect(performance.now() - began).toBeLessThan(9_000)
    await redis.restart()
    provider = await startProvider({ dir, redisUrl: redis.url, chain })
    expect((await provider.operator['deals.list']({})).length).toBeGreaterThan(5)
  }, 30_000)
})
