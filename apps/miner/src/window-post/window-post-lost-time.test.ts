import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { ChainPort } from '@sealane/chain'
import { grpcChannel, grpcClient, putFile } from '@sealane/host'
import { workV1 } from '@sealane/proto'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { version } from '../version.js'
import { type PartitionRow, rowIdOf } from './partition-row.js'
import { ProvingMiner } from './testing/proving-miner.js'
import { VanillaStore } from './vanilla-store.js'
import { WindowPost } from './window-post.js'

const MINUTES = 60_000

describe('WindowPoSt when time or readings are lost', { timeout: 4 * MINUTES }, () => {
  const directory = temporaryDirectory()
  const redis = localRedis()
  let miner: ProvingMiner
  let first = 0
  let second = 0

  beforeAll(async () => {
    miner = await ProvingMiner.open({
      directory,
      redisUrl: redis.url,
      devnetFlags: ['--clock', 'manual'],
      options: { leaseMs: 2_000, heartbeatMs: 500, vanillaBudgetMs: 2_000 },
    })
    ;[first = 0, second = 0] = await miner.whileTicking(miner.seal(2))
    await miner.whileTicking(
      miner.row(
        'planned',
        ({ state, all_sectors }) => state === 'Waiting' && all_sectors === JSON.stringify([first, second]),
      ),
    )
  }, 3 * MINUTES)
  afterEach(() => {
    vi.restoreAllMocks()
  })
  afterAll(async () => {
    await miner?.stop()
  })

  const work = () =>
    grpcClient(workV1.WorkServiceDefinition, grpcChannel({ address: miner.rooms.grpcAddress }))
  const beat = (claimId: string) =>
    work().heartbeat({ workerId: 'hand', claimId, stage: '', fraction: 0, paths: [] })
  /** A worker whose hands are this test's, with sectors on paths as said. */
  async function register(paths: Readonly<Record<string, readonly number[]>>): Promise<void> {
    await work().register({
      workerId: 'hand',
      hostname: 'test',
      version,
      tasks: ['post'],
      concurrency: {},
      prover: 'trapdoor',
      paths: Object.entries(paths).map(([id, sectors]) => ({
        id,
        canSeal: false,
        canStore: true,
        freeBytes: 0,
        sectors: sectors.map((sectorNumber) => ({ sectorNumber, finalized: true })),
      })),
    })
  }
  const ask = (row: PartitionRow, storageId: string) =>
    work().claim({
      workerId: 'hand',
      task: 'post.vanilla',
      row: rowIdOf(row),
      turn: row.turn,
      storageIds: [storageId],
    })
  /** Any file is as good as a proof until the SNARK is made. */
  async function deliver(claim: workV1.ClaimResponse, sector: number): Promise<void> {
    const hubPath = claim.task?.work?.$case === 'postVanilla' ? claim.task.work.value.hubPath : ''
    await putFile({
      url: `${miner.rooms.hubUrl}${hubPath}/${sector}`,
      path: join(directory, 'tls', 'ca.crt'),
      tls: miner.tls.worker,
      role: 'miner',
    })
  }
  const complete = (claim: workV1.ClaimResponse, storageId: string, value: workV1.PostVanillaDone) =>
    work().complete({
      workerId: 'hand',
      claimId: claim.claimId,
      storageId,
      result: { $case: 'postVanilla', value },
    })
  const now = async (row: PartitionRow): Promise<PartitionRow> => {
    const found = (await miner.rows()).find((one) => rowIdOf(one) === rowIdOf(row))
    if (found === undefined) throw new Error('the row is gone')
    return found
  }
  /** The next duty, read since a moment ago. */
  async function collecting(): Promise<PartitionRow> {
    const row = await miner.whileTicking(miner.row('the next duty', ({ state }) => state === 'Waiting'))
    await miner.goTo(row.challenge + 2)
    return await miner.row('reading', (one) => rowIdOf(one) === rowIdOf(row) && one.state === 'Collecting')
  }
  const round = () => miner.rooms.context.get(WindowPost).round()
  let row: PartitionRow

  it('reads again what failed at once while less than half could be read, and skips nothing for a moment’s outage', async () => {
    await register({})
    row = await collecting()
    // A partition of five; this network's hold two.
    const more = [901, 902, 903]
    const proofs = miner.rooms.context.get(VanillaStore)
    const [known] = await proofs.of(rowIdOf(row), row.turn)
    await miner.rooms.context
      .get(MinerDb)
      .transaction()
      .execute((trx) =>
        proofs.want(
          trx,
          rowIdOf(row),
          row.turn,
          more.map((sectorNumber) => ({ sectorNumber, commR: known?.comm_r ?? new Uint8Array(32) })),
        ),
      )
    await register({ 'path-a': [first, second, ...more] })
    const claim = await ask(row, 'path-a')
    await deliver(claim, first)
    const failed = [second, ...more].map((sectorNumber) => ({
      sectorNumber,
      code: 'SECTOR_FAULTY',
      text: 'Stale file handle (os error 116)',
    }))
    expect(await complete(claim, 'path-a', { proven: [first], failed })).toMatchObject({ accepted: true })
    await round()
    expect(await now(row)).toMatchObject({ state: 'Collecting', skipped: '[]' })
    const clock = miner.rooms.context.get(Clock)
    const later = clock.now() + 11_000
    vi.spyOn(clock, 'now').mockImplementation(() => later)
    await round()
    expect((await proofs.of(rowIdOf(row), row.turn)).map(({ state }) => state)).toEqual([
      'arrived',
      'wanted',
      'wanted',
      'wanted',
      'wanted',
    ])
    expect((await ask(row, 'path-a')).task?.work?.$case).toBe('postVanilla')
  })

  it('checks its challenge against the chain after a reorg, also when a node refuses an answer just then', async () => {
    const drawn = row.randomness
    await miner.rooms.context
      .get(MinerDb)
      .updateTable('partitions')
      .set({ randomness: Buffer.alloc(32, 1) })
      .where('open', '=', row.open)
      .execute()
    vi.spyOn(miner.rooms.context.get(ChainPort), 'partitions').mockRejectedValueOnce(new Error('busy'))
    await miner.devnet.admin('Devnet.Reorg', [1, false])
    await miner.goTo(row.challenge + 4)
    const anew = await miner.row(
      'read anew',
      (one) => rowIdOf(one) === rowIdOf(row) && one.state === 'Collecting' && one.turn > row.turn,
    )
    expect(anew.randomness).toEqual(drawn)
    row = anew
  })

  it('does not wait for a path that its worker no longer serves: the one that holds the sectors now is read again', async () => {
    await register({ 'path-old': [first, second] })
    await register({ 'path-new': [first, second] })
    const proofs = miner.rooms.context.get(VanillaStore)
    const claim = await ask(row, 'path-new')
    const failed = [first, second].map((sectorNumber) => ({
      sectorNumber,
      code: 'FILE_MISSING',
      text: 'the sealed file is missing',
    }))
    await complete(claim, 'path-new', { proven: [], failed })
    const clock = miner.rooms.context.get(Clock)
    const later = clock.now() + 11_000
    vi.spyOn(clock, 'now').mockImplementation(() => later)
    await round()
    expect((await proofs.wantedByPath(rowIdOf(row), row.turn)).get('path-new')).toHaveLength(2)
  })

  it('keeps claims and gives the rest its time after a restart in which the time budget ran out', async () => {
    await register({ 'path-c': [first], 'path-d': [second] })
    const one = await ask(row, 'path-c')
    const other = await ask(row, 'path-d')
    await deliver(one, first)
    await complete(one, 'path-c', { proven: [first], failed: [] })
    const stopped = Date.now()
    await miner.rooms.stop()
    await until(
      'the lease is over',
      () => Date.now() - stopped,
      (ms) => ms > 2_500,
    )
    await miner.advance(8)
    await miner.begin()
    await miner.goTo(row.challenge + 12)
    const longer = await miner.row(
      'more time',
      (found) => rowIdOf(found) === rowIdOf(row) && (found.budget_ms ?? 0) > (row.budget_ms ?? 0),
    )
    expect(longer).toMatchObject({ state: 'Collecting', skipped: '[]' })
    expect(await beat(other.claimId)).toEqual({ valid: true })
    await deliver(other, second)
    await complete(other, 'path-d', { proven: [second], failed: [] })
  })

  it('reads again what is gone from the hub when a SNARK cannot be made for want of it', async () => {
    const proving = await miner.row(
      'proving',
      (one) => rowIdOf(one) === rowIdOf(row) && one.state === 'Proving',
    )
    const claim = await work().claim({
      workerId: 'hand',
      task: 'post.snark',
      row: rowIdOf(row),
      turn: proving.turn,
      storageIds: [],
    })
    expect(claim.task?.work?.$case).toBe('postSnark')
    renameSync(join(directory, 'miner', 'hub', 'post'), join(directory, 'cleaned'))
    const failure = { code: 'FILE_TRANSFER', remedy: 'retry', text: 'HTTP 404' }
    await work().release({ workerId: 'hand', claimId: claim.claimId, ...failure })
    expect(await now(row)).toMatchObject({ state: 'Collecting', turn: proving.turn + 1 })
  })

  it('declares recovered what a path has read well by the cutoff, though it is not done with all', async () => {
    await miner.advance(row.close + 2 - (await miner.devnet.chain.head()).height, true)
    await miner.goTo(row.close + 2)
    const next = await miner.whileTicking(
      miner.row('the next duty', ({ state, open }) => state === 'Waiting' && open > row.open),
    )
    await register({ 'path-c': [], 'path-d': [], 'path-e': [first, second] })
    await miner.goTo(next.fault_cutoff - 30)
    await miner.row(
      'checks are wanted',
      (one) => rowIdOf(one) === rowIdOf(next) && one.check_randomness !== null,
    )
    const claim = await ask(next, 'path-e')
    await deliver(claim, first)
    const beats = setInterval(() => void beat(claim.claimId).catch(() => undefined), 300)
    try {
      await miner.goTo(next.fault_cutoff - 8)
      const [message] = await until(
        'declared',
        () =>
          miner.rooms.context
            .get(MinerDb)
            .selectFrom('messages')
            .selectAll()
            .where('class', '=', 'recoveries')
            .execute(),
        (rows) => rows.length > 0,
        { deadlineMs: 30_000 },
      )
      expect(message?.reason).toBe(`sectors ${first} read well again`)
    } finally {
      clearInterval(beats)
    }
  })
})
