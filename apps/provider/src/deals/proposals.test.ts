import { randomBytes } from 'node:crypto'
import type { Connection } from '@libp2p/interface'
import { idAddress, proposalSigningBytes } from '@sealane/actors'
import { generateKey, sign } from '@sealane/crypto'
import { type DealParams, dealParams, dealProtocols, dealUuidFromBytes } from '@sealane/market'
import { proposeDeal } from '@sealane/market/node'
import { localRedis, temporaryDirectory } from '@sealane/testkit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  miner,
  payload,
  type RunningProvider,
  startProvider,
  TestClient,
} from '../testing/provider-under-test.js'
import { SkewedClock } from '../testing/skewed-clock.js'
import { TestChain } from '../testing/test-chain.js'

const redis = localRedis()
const dir = temporaryDirectory()
const chain = new TestChain()
const clock = new SkewedClock()
let provider: RunningProvider
let client: TestClient
let connection: Connection

beforeAll(async () => {
  client = await TestClient.funded(chain)
  chain.sectorSize = 8n << 20n
  const flags = ['--deals-consider-verified', 'true']
  provider = await startProvider({ dir, redisUrl: redis.url, chain, clock, flags })
  connection = await client.dial(provider)
})
afterAll(async () => {
  await provider?.stop()
  await client?.stop()
})
beforeEach(() => {
  chain.down = false
  chain.head = 10_000
})

const offline = (o: Parameters<TestClient['propose']>[1] = {}) =>
  client.propose(payload(2048), { offline: true, ...o })
const answer = (params: DealParams) => proposeDeal(connection, params)
const rejected = (message: unknown) => ({ accepted: false, message })
const deals = async () => (await provider.operator['deals.list']({})).length
const again = (params: DealParams, change: Partial<DealParams> = {}): DealParams => ({
  ...params,
  dealUuid: dealUuidFromBytes(randomBytes(16)),
  ...change,
})

describe('a proposal', () => {
  it('of an offline deal is accepted, written down, and waits for its data', async () => {
    const params = offline()
    expect(await answer(params)).toEqual({ accepted: true, message: '' })
    const row = await provider.deal(params.dealUuid)
    expect(row).toMatchObject({ state: 'AwaitingData', offline: true, waiting: { who: 'operator' } })
    expect((await client.status(connection, params.dealUuid)).dealStatus).toMatchObject({
      status: 'Accepted',
    })
  })

  it('signed by another key is refused, and costs the chain nothing', async () => {
    const before = await deals()
    await answer(offline())
    const calls = new Map(chain.calls)
    const stranger = generateKey('secp256k1', randomBytes(32))
    expect(await answer(offline({ key: stranger }))).toEqual(
      rejected('failed validation: server error: validating signature'),
    )
    for (const method of ['marketBalance', 'collateralBounds', 'lookupId', 'accountKey']) {
      expect(chain.calls.get(method)).toBe(calls.get(method))
    }
    expect(await deals()).toBe(before + 1)
  })

  it('of a BLS client and of a client named by its ID are accepted', async () => {
    const bls = await TestClient.create('bls')
    chain.account(bls.address, 101, 10n ** 18n)
    expect(await answer(bls.propose(payload(2048), { offline: true }))).toMatchObject({ accepted: true })
    expect(await answer(offline({ client: idAddress(100) }))).toMatchObject({ accepted: true })
    expect(await answer(offline({ client: idAddress(101) }))).toEqual(
      rejected('failed validation: server error: validating signature'),
    )
    expect(await answer(offline({ client: idAddress(999) }))).toEqual(
      rejected('failed validation: server error: validating signature'),
    )
    await bls.stop()
  })

  it('with a past start epoch is refused', async () => {
    expect(await answer(offline({ startEpoch: 9_999 }))).toEqual(
      rejected('failed validation: deal start epoch 9999 has already elapsed (current epoch: 10000)'),
    )
    expect(await answer(offline({ startEpoch: 10_050 }))).toEqual(
      rejected('cannot seal a sector before 10050'),
    )
  })

  it('for another provider is refused, in the spelling of the network', async () => {
    expect(await answer(offline({ provider: idAddress(1001) }))).toEqual(
      rejected(
        'failed validation: incorrect provider for deal; proposal.Provider: t01001; provider.Address: t01000',
      ),
    )
  })

  it('replayed is refused, whatever the uuid, and whoever is named how', async () => {
    const params = offline()
    await answer(params)
    const identical = rejected(
      expect.stringMatching(
        new RegExp(`^deal proposal is identical to deal ${params.dealUuid} \\(proposed at \\d{4}-.* UTC\\)$`),
      ),
    )
    expect(await answer(params)).toEqual(identical)
    expect(await answer(again(params))).toEqual(identical)
    const { proposal } = params.clientDealProposal
    const byId = { ...proposal, client: idAddress(100) }
    const signed = { proposal: byId, clientSignature: sign(client.key, proposalSigningBytes(byId)) }
    expect(await answer(again(params, { clientDealProposal: signed }))).toEqual(identical)
  })

  it('with the uuid of another is refused', async () => {
    const first = offline()
    await answer(first)
    expect(await answer({ ...offline(), dealUuid: first.dealUuid })).toEqual(
      rejected(expect.stringMatching(`^deal has the same uuid as deal ${first.dealUuid}`)),
    )
  })

  it('sent twenty times at once is accepted once', async () => {
    const params = offline()
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => answer(i % 2 === 0 ? params : again(params))),
    )
    expect(answers.filter(({ accepted }) => accepted)).toHaveLength(1)
    for (const { accepted, message } of answers)
      if (!accepted) expect(message).toMatch(/^deal proposal is identical/)
  })

  it('is refused while no chain node answers', async () => {
    chain.down = true
    // What was heard of the head a moment ago is no longer believed.
    clock.skip(60_000)
    expect(await answer(offline())).toEqual(rejected('failed validation: server error: getting chain head'))
  })

  it('below the ask is refused, until the ask is lowered', async () => {
    const dear = await provider.operator['asks.set']({ price: String(10n ** 12n), verifiedPrice: '0' })
    expect(dear).toMatchObject({ sequence: 1, signed: false, waiting: { who: 'miner' } })
    expect(await answer(offline())).toEqual(
      rejected('failed validation: storage price per epoch less than asking price: 1000 < 1907348'),
    )
    await provider.operator['asks.set']({ price: '0', verifiedPrice: '0' })
    expect(await answer(offline())).toMatchObject({ accepted: true })
  })

  it('of a verified deal needs DataCap for the whole piece', async () => {
    const verified = async (by: TestClient) =>
      proposeDeal(connection, by.propose(payload(2048), { offline: true, verified: true }))
    const clients = await Promise.all([TestClient.create(), TestClient.create(), TestClient.create()])
    for (const [i, one] of clients.entries()) chain.account(one.address, 300 + i, 10n ** 18n)
    const [without, little, enough] = clients
    expect(await verified(without as TestClient)).toEqual(
      rejected('failed validation: client is not a verified client'),
    )
    chain.dataCapBytes = 2047n
    expect(await verified(little as TestClient)).toEqual(
      rejected('failed validation: verified deal DataCap 2047 too small for proposed piece size 2048'),
    )
    chain.dataCapBytes = 2048n
    expect(await verified(enough as TestClient)).toMatchObject({ accepted: true })
    await Promise.all(clients.map((one) => one.stop()))
  })

  it('whose collateral nobody could bear is refused', async () => {
    // A size of its own: bounds are remembered for some seconds.
    const params = client.propose(payload(8192), { url: 'http://203.0.113.1/piece' })
    const { proposal } = params.clientDealProposal
    chain.minCollateral = (10n ** 24n) as typeof chain.minCollateral
    const big = { ...proposal, providerCollateral: chain.minCollateral }
    const signed = { proposal: big, clientSignature: sign(client.key, proposalSigningBytes(big)) }
    expect(await answer(again(params, { clientDealProposal: signed }))).toEqual(
      rejected('server error: provider has insufficient funds to accept deal'),
    )
    // An offline deal holds nothing before its bytes are brought.
    const later = { ...params, clientDealProposal: signed, isOffline: true }
    expect(await answer(again(later))).toEqual({ accepted: true, message: '' })
    chain.minCollateral = 1000n as typeof chain.minCollateral
  })
})

describe('what is no proposal', () => {
  it.each([
    ['garbage', Uint8Array.of(0xff, 1, 2, 3)],
    ['half a message', dealParams.encode(clientProposal()).subarray(0, 150)],
  ])('%s gets no answer, leaves nothing behind, and the provider stays up', async (_what, bytes) => {
    const before = await deals()
    const stream = await connection.newStream(dealProtocols[0])
    const ended = new Promise<number>((resolve) => {
      let got = 0
      stream.addEventListener('message', ({ data }) => {
        got += data.byteLength
      })
      stream.addEventListener('remoteCloseWrite', () => resolve(got))
    })
    stream.send(bytes)
    await stream.close()
    expect(await ended).toBe(0)
    expect(await deals()).toBe(before)
    expect(await provider.operator.health({})).toMatchObject({ rooms: expect.any(Array) })
  })
})

function clientProposal(): DealParams {
  const key = generateKey('secp256k1', randomBytes(32))
  return TestClient.prototype.propose.call({ key, address: miner } as unknown as TestClient, payload(2048), {
    offline: true,
  })
}

describe('status', () => {
  it('is told to the client of the deal only', async () => {
    const params = offline()
    await answer(params)
    const stranger = generateKey('secp256k1', randomBytes(32))
    expect(await client.status(connection, params.dealUuid, stranger)).toMatchObject({
      error: 'signature verification failed',
      dealStatus: null,
    })
    const unknown = '7a1b9e60-53db-4c0f-80b5-30ee04b15b54'
    expect(await client.status(connection, unknown)).toMatchObject({
      error: `no storage deal found with deal UUID ${unknown}`,
    })
  })
})

describe('an operator', () => {
  it('finds a deal by any of its names', async () => {
    const params = offline()
    await answer(params)
    const row = await provider.deal(params.dealUuid)
    for (const id of [
      row.proposalCid,
      row.signedProposalCid,
      row.pieceCid,
      row.dealUuid.slice(0, 13),
      row.signedProposalCid.slice(-8),
    ]) {
      expect((await provider.operator['deals.get']({ id })).dealUuid).toBe(params.dealUuid)
    }
    await expect(provider.operator['deals.get']({ id: 'nothing-like-it' })).rejects.toMatchObject({
      code: 'DEAL_UNKNOWN',
    })
  })
})
