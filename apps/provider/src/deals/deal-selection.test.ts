import type { Connection } from '@libp2p/interface'
import { proposeDeal } from '@sealane/market/node'
import { localRedis, temporaryDirectory } from '@sealane/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { payload, type RunningProvider, startProvider, TestClient } from '../testing/provider-under-test.js'
import { TestChain } from '../testing/test-chain.js'

const redis = localRedis()
const dir = temporaryDirectory()
const chain = new TestChain()
let provider: RunningProvider
let client: TestClient
let connection: Connection

async function start(...flags: string[]): Promise<void> {
  const all = ['--deals-consider-verified', 'true', ...flags]
  provider = await startProvider({ dir, redisUrl: redis.url, chain, flags: all })
  connection = await client.dial(provider)
}

beforeAll(async () => {
  client = await TestClient.funded(chain)
  await start()
})
afterAll(async () => {
  await provider?.stop()
  await client?.stop()
})

const offline = (data = payload(2048)) => proposeDeal(connection, client.propose(data, { offline: true }))
const refused = { accepted: false, message: 'miner is not accepting offline storage deals' }

it('refuses a kind of deal with the next proposal, and still does after a restart', async () => {
  expect(await offline()).toEqual({ accepted: true, message: '' })
  const said = await provider.operator['selection.set']({ offline: false })
  expect(said).toMatchObject({ online: true, offline: false, refusedByConfiguration: [] })
  expect(await offline()).toEqual(refused)
  await provider.stop()
  await start()
  expect(await offline()).toEqual(refused)
  await provider.operator['selection.set']({ offline: null })
  expect(await offline()).toEqual({ accepted: true, message: '' })
})

it('refuses pieces of the block list, and CIDs that are none', async () => {
  const data = payload(2048)
  const { pieceCid } = client.propose(data).clientDealProposal.proposal
  await provider.operator['selection.set']({ pieceBlocklist: [pieceCid] })
  expect((await offline(data)).message).toBe(`miner has blocklisted piece CID ${pieceCid}`)
  await expect(provider.operator['selection.set']({ pieceBlocklist: ['nonsense'] })).rejects.toThrow(
    /nonsense is no piece CID/,
  )
  expect((await provider.operator['selection.get']({})).pieceBlocklist).toEqual([pieceCid])
  await provider.operator['selection.set']({ pieceBlocklist: null })
  expect(await offline(data)).toEqual({ accepted: true, message: '' })
})

it('names what the configuration refuses: a reset does not bring that back', async () => {
  await provider.stop()
  await start('--deals-consider-offline', 'false')
  expect(await provider.operator['selection.set']({ offline: null })).toMatchObject({
    offline: false,
    refusedByConfiguration: ['offline'],
  })
})
