import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pieceCid } from '@sealane/actors'
import {
  createAuthority,
  createQueues,
  type GrpcServer,
  Health,
  issueCertificate,
  loadIdentity,
  operatorClient,
  type Queues,
  serveFiles,
  silentLog,
} from '@sealane/host'
import { homeward, type OutwardMessage, outward } from '@sealane/jobs'
import { CommPHasher } from '@sealane/pieces'
import { sealerOperator } from '@sealane/proto'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SealerConfig, WorkerConfig } from './config.js'
import { Coordinator } from './coordinator.js'
import { offerDeal } from './testing/offer-deal.js'
import { ScriptedMiner } from './testing/scripted-miner.js'
import { Worker } from './worker/worker.js'

const redis = localRedis()
const dir = temporaryDirectory()
const tlsDir = join(dir, 'tls')
const piecesDir = join(dir, 'abroad')
const address = 'f01000'
const miner = new ScriptedMiner(address, 2048)
const closers: (() => Promise<unknown>)[] = []
const outwards: OutwardMessage[] = []
let abroad: Queues
let grpc: GrpcServer
let piecesPort: number

const operator = operatorClient(sealerOperator, { socketPath: join(dir, 'run', 'sealer.sock') })
let config: SealerConfig
let coordinator: Coordinator

beforeAll(async () => {
  await createAuthority(tlsDir)
  for (const role of ['provider', 'sealer', 'worker', 'miner']) await issueCertificate(tlsDir, { role })
  grpc = await ScriptedMiner.serve(miner, loadIdentity(tlsDir, 'miner'))
  closers.push(() => grpc.close())
  mkdirSync(piecesDir)
  const pieces = await serveFiles({
    host: '127.0.0.1',
    port: 0,
    tls: loadIdentity(tlsDir, 'provider'),
    roles: ['sealer'],
    find: async (path) => join(piecesDir, path.slice('/pieces/'.length)),
  })
  piecesPort = pieces.port
  closers.push(() => pieces.close())
  abroad = createQueues({ url: redis.url })
  closers.push(() => abroad.close())
  abroad.work(outward, async ({ message }) => void outwards.push(message))
  config = {
    paths: { state_dir: join(dir, 'sealer'), runtime_dir: join(dir, 'run') },
    log: { level: 'info' },
    tls: { dir: tlsDir, required: true },
    crossing: { redis_url: redis.url },
    home: { redis_url: `${redis.url}&db=1` },
    miner: { grpc: `127.0.0.1:${grpc.port}` },
    provider: { pieces_url: `https://127.0.0.1:${piecesPort}` },
    grpc: { listen: '127.0.0.1:17430' },
    hub: { listen: '127.0.0.1:17431' },
    limits: { enable_deal_sector: true, deal_concurrent: 1, total_num: 0, wait_deals: 100 },
  }
  coordinator = await Coordinator.start(config, silentLog(), new Health())
})

afterAll(async () => {
  await coordinator.stop()
  for (const close of closers.reverse()) await close()
})

async function startWorker(name: string): Promise<Worker> {
  const storage = join(dir, `storage-${name}`)
  mkdirSync(storage, { recursive: true })
  const worker: WorkerConfig = {
    paths: { state_dir: join(dir, name), runtime_dir: join(dir, 'run') },
    log: { level: 'info' },
    tls: { dir: tlsDir, required: true },
    worker: { name, tasks: ['pc1', 'pc2', 'commit', 'finalize'], storage: [storage], prover: 'trapdoor' },
    concurrency: { pc1: 1, pc2: 1, commit: 1, finalize: 2, post: 2 },
    home: config.home,
    sealer: { grpc: config.grpc.listen, hub: `https://${config.hub.listen}` },
    miner: { grpc: '127.0.0.1:1', hub: 'https://127.0.0.1:1' },
  }
  return await Worker.start(worker, silentLog(), new Health())
}

/** Puts bytes where the provider serves them. */
function stage(bytes: Uint8Array): void {
  writeFileSync(join(piecesDir, pieceCid(new CommPHasher().write(bytes).digest().commP)), bytes)
}

describe('a coordinator with two workers', () => {
  it('says who must come while no worker runs, then seals each offered deal, never more at once than the limit', async () => {
    const payloads = [1, 2, 3].map(() => new Uint8Array(randomBytes(2000)))
    payloads.forEach(stage)
    for (const [index, bytes] of payloads.entries())
      await abroad.add(homeward, offerDeal(bytes, address as never, index + 1))
    await until(
      'a sector waits for a worker',
      () => operator['sectors.list']({}),
      (sectors) => sectors[0]?.waiting?.for.includes('start one: sealane worker') === true,
    )
    const workers = [await startWorker('a'), await startWorker('b')]
    const sectors = await until(
      'three sectors Proving',
      () => operator['sectors.list']({}),
      (rows) => rows.filter((row) => row.state === 'Proving').length === 3,
      { deadlineMs: 25_000 },
    )
    expect(sectors.map((sector) => sector.sectorNumber)).toEqual([1, 2, 3])
    expect(miner.asked.filter((line) => line.startsWith('proveCommit')).sort()).toEqual([
      'proveCommit 1 192',
      'proveCommit 2 192',
      'proveCommit 3 192',
    ])
    const counts = (await operator['sealing.limitsLog']({})).map((line) => line.inFlightDealSectors)
    expect(Math.max(...counts)).toBe(1)
    const pieces = await operator['pieces.list']({})
    expect(pieces.map((piece) => piece.state)).toEqual(['Sealed', 'Sealed', 'Sealed'])
    await until(
      'abroad told that all are active',
      async () => outwards,
      (told) =>
        told.filter((message) => message.kind === 'dealProgress' && message.activeEpoch !== null).length >= 3,
    )
    const bytes = payloads[0] ?? new Uint8Array()
    const path = join(dir, 'unsealed')
    const first = pieces.find(
      (piece) => piece.pieceCid === pieceCid(new CommPHasher().write(bytes).digest().commP),
    )
    await operator['sectors.unseal']({
      sectorNumber: first?.sectorNumber ?? 0,
      offset: '0',
      length: '2032',
      path,
    })
    const { readFileSync } = await import('node:fs')
    expect(readFileSync(path).subarray(0, bytes.length).equals(Buffer.from(bytes))).toBe(true)
    await Promise.all(workers.map((worker) => worker.stop()))
  })

  it('seals a pledged sector, once for one request id', async () => {
    const worker = await startWorker('a')
    const first = await operator['sectors.pledge']({ requestId: 'p1' })
    expect(await operator['sectors.pledge']({ requestId: 'p1' })).toEqual(first)
    const row = await until(
      'the pledged sector Proving',
      () => operator['sectors.get'](first),
      (sector) => sector.state === 'Proving',
      { deadlineMs: 25_000 },
    )
    expect(row.committedCapacity).toBe(true)
    await worker.stop()
  })

  it('refuses forged offers: nothing stored, nothing asked of the miner', async () => {
    const bytes = new Uint8Array(randomBytes(2000))
    const honest = offerDeal(bytes, address as never, 50)
    if (honest.message.kind !== 'dealOffered') throw new Error('not an offer')
    const before = miner.asked.length
    const other = offerDeal(new Uint8Array(randomBytes(2000)), address as never, 51)
    if (other.message.kind !== 'dealOffered') throw new Error('not an offer')
    const forged = [
      { ...honest.message, pieceCid: other.message.pieceCid },
      { ...honest.message, pieceSize: '4096' },
      { ...honest.message, payloadSize: '99999999' },
      { ...honest.message, signedProposal: 'AAAA' },
    ]
    for (const [index, message] of forged.entries()) {
      await abroad.add(homeward, { ...honest, subject: `f-${index}`, sequence: 60 + index, message })
    }
    const foreign = offerDeal(bytes, 'f09999' as never, 70)
    await abroad.add(homeward, foreign)
    const marker = offerDeal(payloadStaged(), address as never, 80)
    await abroad.add(homeward, marker)
    await until(
      'the honest offer behind them arrived',
      () => operator['pieces.list']({}),
      (rows) =>
        rows.some((row) => marker.message.kind === 'dealOffered' && row.dealUuid === marker.message.dealUuid),
    )
    const known = (await operator['pieces.list']({})).map((row) => row.dealUuid)
    expect(known).not.toContain(honest.message.dealUuid)
    expect(
      miner.asked
        .slice(before)
        .filter((line) =>
          line.includes(honest.message.kind === 'dealOffered' ? honest.message.dealUuid : ''),
        ),
    ).toEqual([])
  })

  function payloadStaged(): Uint8Array {
    const bytes = new Uint8Array(randomBytes(2000))
    stage(bytes)
    return bytes
  }
})
