import { existsSync } from 'node:fs'
import { clientDealProposal, commitmentOf, parseCid } from '@sealane/actors'
import { proposeDeal } from '@sealane/market/node'
import { CommPHasher } from '@sealane/pieces'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DataServer } from './testing/data-server.js'
import {
  fetchPiece,
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
  home = new TestHome(redis.url)
  provider = await startProvider({ dir, redisUrl: redis.url, chain })
  await until(
    'the first ask to be asked for',
    () => home.of('askWanted').length,
    (count) => count > 0,
  )
})
afterAll(async () => {
  await provider?.stop()
  await client?.stop()
  await home?.close()
})

describe('one online deal, from its proposal to its proof', () => {
  it('goes the whole way', async () => {
    const data = payload(2048, 27)
    const url = server.put('/main', data)
    const params = client.propose(data, { url })
    const { dealUuid, clientDealProposal: signed } = params
    const connection = await client.dial(provider)

    expect(await proposeDeal(connection, params)).toEqual({ accepted: true, message: '' })
    await provider.dealIn(dealUuid, 'Transferred')
    expect(server.asked('/main')).toMatchObject([{ method: 'GET', range: `bytes=0-${data.length - 1}` }])

    const [offer] = await until(
      'the offer',
      () => home.of('dealOffered'),
      (offers) => offers.length > 0,
    )
    expect(offer).toMatchObject({
      dealUuid,
      pieceCid: signed.proposal.pieceCid,
      pieceSize: '2048',
      payloadSize: String(data.length),
    })
    expect(
      clientDealProposal.decode(Uint8Array.from(Buffer.from(offer?.signedProposal ?? '', 'base64'))),
    ).toEqual(signed)

    const piece = await fetchPiece(provider, { cid: signed.proposal.pieceCid, sizeBytes: data.length })
    expect(new CommPHasher().write(piece).digest().commP).toEqual(
      commitmentOf(parseCid(signed.proposal.pieceCid)),
    )
    const tail = await fetchPiece(provider, {
      cid: signed.proposal.pieceCid,
      sizeBytes: data.length,
      start: 1000,
    })
    expect(Buffer.from(tail).equals(data.subarray(1000))).toBe(true)

    expect((await client.status(connection, dealUuid)).dealStatus).toMatchObject({
      status: 'Transferred',
      error: '',
    })
    const staged = provider.life.rooms.staging.path(dealUuid)
    expect(existsSync(staged)).toBe(true)

    await home.progress(dealUuid, { pieceState: 'Home' })
    await provider.dealIn(dealUuid, 'AtHome')
    await until(
      'staging to be empty',
      () => existsSync(staged),
      (there) => !there,
    )

    const publishCid = 'bafy2bzacecgozpnppznvbxjfra44iwjgzmrbewj7odjoejazx3tsu254rgvka'
    await home.progress(dealUuid, { pieceState: 'Publishing', publicationState: 'Sent', publishCid })
    await provider.dealIn(dealUuid, 'Publishing')
    expect((await client.status(connection, dealUuid)).dealStatus).toMatchObject({
      status: 'Published',
      publishCid,
    })

    const published = { publicationState: 'Published', publishCid, dealId: 7 }
    await home.progress(dealUuid, {
      ...published,
      pieceState: 'InSector',
      sectorNumber: 3,
      sectorState: 'PreCommit1',
    })
    await provider.dealIn(dealUuid, 'Sealing')
    expect((await client.status(connection, dealUuid)).dealStatus).toMatchObject({
      status: 'IndexedAndAnnounced',
      sealingStatus: 'PreCommit1',
      chainDealId: 7,
    })

    await home.progress(dealUuid, {
      ...published,
      pieceState: 'Sealed',
      sectorNumber: 3,
      sectorState: 'Proving',
      activeEpoch: 11_000,
      provenEpoch: 11_500,
    })
    const row = await provider.dealIn(dealUuid, 'Active')
    expect(row).toMatchObject({
      dealId: 7,
      sectorNumber: 3,
      activeEpoch: 11_000,
      provenEpoch: 11_500,
      failure: null,
    })
    expect((await client.status(connection, dealUuid)).dealStatus).toMatchObject({
      status: 'IndexedAndAnnounced',
      sealingStatus: 'Proving',
    })

    expect((await provider.operator['deals.log']({ id: dealUuid })).map(({ event }) => event)).toEqual([
      'accepted',
      'transferStarted',
      'transferred',
      'arrivedHome',
      'publishSent',
      'published',
      'sealingStarted',
      'activated',
    ])
    // Nothing waits any more: home has acknowledged, and what deals held is given back.
    await until(
      'each snapshot to be acknowledged',
      () =>
        home
          .of('acknowledgements')
          .flatMap(({ of }) => of)
          .filter(({ subject }) => subject === `d-${dealUuid}`),
      (acknowledged) => acknowledged.length === 4,
    )
    expect(await provider.life.rooms.ledger.held()).toEqual({ stagingBytes: 0, collateral: 0n })
    expect((await provider.life.rooms.outbox.waiting()).count).toBe(0)
  })
})
