import { randomBytes, randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Address } from '@sealane/actors'
import { homeward } from '@sealane/jobs'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Home } from '../testing/home.js'
import { offerDeal } from '../testing/offer-deal.js'
import type { Coordinator } from './coordinator.js'

const redis = localRedis()
const dir = temporaryDirectory()
let home: Home
let coordinator: Coordinator

beforeAll(async () => {
  home = await Home.open(dir, redis.url)
  coordinator = await home.startCoordinator()
})
afterAll(async () => {
  await coordinator.stop()
  await home.close()
})

describe('a coordinator with two workers', () => {
  it('says who must come while no worker runs, then seals each offered deal, never more at once than the limit', async () => {
    const payloads = [1, 2, 3, 4, 5].map(() => new Uint8Array(randomBytes(2000)))
    for (const bytes of payloads) await home.offer({ bytes })
    await until(
      'a sector waits for a worker',
      () => home.operator['sectors.list']({}),
      (sectors) => sectors[0]?.waiting?.for.includes('start one: sealane worker') === true,
    )
    const workers = [await home.startWorker('a'), await home.startWorker('b')]
    const sectors = await until(
      'five sectors Proving',
      () => home.operator['sectors.list']({}),
      (rows) => rows.filter((row) => row.state === 'Proving').length === 5,
      { deadlineMs: 25_000 },
    )
    expect(sectors.map((sector) => sector.sectorNumber)).toEqual([1, 2, 3, 4, 5])
    expect(home.miner.sent.filter((line) => line.startsWith('proveCommit'))).toHaveLength(5)
    const counts = (await home.operator['sealing.limitsLog']({})).map((line) => line.inFlightDealSectors)
    expect(Math.max(...counts)).toBe(1)
    const pieces = await home.operator['pieces.list']({})
    expect(new Set(pieces.map((piece) => piece.state))).toEqual(new Set(['Sealed']))
    await until(
      'abroad told that all are active',
      () => home.outward.filter((told) => told.kind === 'dealProgress' && told.activeEpoch !== null),
      (told) => told.length >= 5,
    )
    await Promise.all(workers.map((worker) => worker.stop()))
  })

  it('moves its own copies to the trash once a sector is Proving', async () => {
    await until(
      'pieces and C1 outputs gone',
      () => [...readdirSync(join(dir, 'sealer/pieces')), ...readdirSync(join(dir, 'sealer/hub/c1'))],
      (left) => left.length === 0,
    )
    const trash = readdirSync(join(dir, 'sealer/trash'), { recursive: true }).map(String)
    expect(trash.filter((name) => name.endsWith('manifest.json')).length).toBeGreaterThanOrEqual(10)
  })

  it('seals a pledged sector, once for one request id', async () => {
    const worker = await home.startWorker('a')
    const first = await home.operator['sectors.pledge']({ requestId: 'p1' })
    expect(await home.operator['sectors.pledge']({ requestId: 'p1' })).toEqual(first)
    const row = await until(
      'the pledged sector Proving',
      () => home.operator['sectors.get'](first),
      (sector) => sector.state === 'Proving',
      { deadlineMs: 25_000 },
    )
    expect(row.committedCapacity).toBe(true)
    await worker.stop()
  })
})

describe('forged offers', () => {
  it('are refused: nothing stored, nothing asked of the miner', async () => {
    const address = home.miner.miner as Address
    const bytes = new Uint8Array(randomBytes(2000))
    const honest = offerDeal(bytes, address, 50)
    const other = offerDeal(new Uint8Array(randomBytes(2000)), address, 51)
    if (honest.message.kind !== 'dealOffered' || other.message.kind !== 'dealOffered')
      throw new TypeError('not offers')
    const { message } = honest
    const resigned = Buffer.from(message.signedProposal, 'base64')
    resigned[resigned.length - 1] = (resigned.at(-1) ?? 0) ^ 1
    const forged = [
      { ...message, pieceCid: other.message.pieceCid },
      { ...message, pieceSize: '4096' },
      { ...message, payloadSize: '99999999' },
      { ...message, payloadSize: '64' },
      { ...message, signedProposal: 'AAAA' },
      { ...message, signedProposal: resigned.toString('base64') },
    ]
    for (const [index, one] of forged.entries()) {
      const job = { ...honest, sequence: 60 + index, message: one }
      await home.abroad.add(homeward, job)
    }
    await home.abroad.add(homeward, offerDeal(bytes, 'f09999' as Address, 70))
    const asked = home.miner.asked.length
    const marker = await home.offer()
    await until(
      'the honest offer behind them arrived',
      () => home.operator['pieces.list']({}),
      (rows) => rows.some((row) => row.dealUuid === marker),
    )
    const known = (await home.operator['pieces.list']({})).map((row) => row.dealUuid)
    expect(known).not.toContain(message.dealUuid)
    expect(home.miner.asked.slice(asked).filter((line) => line.includes(message.dealUuid))).toEqual([])
  })

  it('said again under other names make no second row', async () => {
    const first = offerDeal(new Uint8Array(randomBytes(2000)), home.miner.miner as Address, 80)
    if (first.message.kind !== 'dealOffered') throw new TypeError('not an offer')
    const { message } = first
    await home.abroad.add(homeward, first)
    const copies = Array.from({ length: 20 }, () => ({ ...message, dealUuid: randomUUID() }))
    for (const [at, copy] of copies.entries()) {
      const job = { ...first, subject: copy.dealUuid, sequence: 100 + at, message: copy }
      await home.abroad.add(homeward, job)
    }
    const marker = await home.offer()
    const rows = await until(
      'the honest offer behind them arrived',
      () => home.operator['pieces.list']({}),
      (found) => found.some((row) => row.dealUuid === marker),
    )
    expect(rows.filter((row) => row.pieceCid === message.pieceCid).map((row) => row.dealUuid)).toEqual([
      message.dealUuid,
    ])
  })
})
