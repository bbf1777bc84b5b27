import { execFileSync } from 'node:child_process'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { grpcChannel, grpcClient, putFile } from '@sealane/host'
import { workV1 } from '@sealane/proto'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { Messager } from '../messages/messager.js'
import { Network } from '../network/network.js'
import { version } from '../version.js'
import { type PartitionRow, rowIdOf } from './partition-row.js'
import { ProvingViews } from './proving-views.js'
import type { PostWorker } from './testing/post-worker.js'
import { ProvingMiner } from './testing/proving-miner.js'
import { VanillaStore } from './vanilla-store.js'
import { WindowPost } from './window-post.js'

const MINUTES = 60_000

describe('troubles of WindowPoSt, epoch by epoch', { timeout: 4 * MINUTES }, () => {
  const directory = temporaryDirectory()
  const redis = localRedis()
  let miner: ProvingMiner
  let first = 0
  let second = 0
  const hands: PostWorker[] = []

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
  afterEach(async () => {
    await Promise.all(hands.splice(0).map((hand) => hand.stop()))
    vi.restoreAllMocks()
  })
  afterAll(async () => {
    await miner?.stop()
  })

  async function hire(path: string, holds: readonly number[]): Promise<PostWorker> {
    const hand = await miner.hire({ path, holds })
    hands.push(hand)
    return hand
  }
  const service = () =>
    grpcClient(workV1.WorkServiceDefinition, grpcChannel({ address: miner.rooms.grpcAddress }))
  const posts = async (row: PartitionRow) =>
    await miner.rooms.context
      .get(MinerDb)
      .selectFrom('messages')
      .selectAll()
      .where('request_id', 'like', `post-${rowIdOf(row)}-%`)
      .orderBy('created_ms')
      .execute()
  const again = async (row: PartitionRow) => {
    const found = (await miner.rows()).find((one) => rowIdOf(one) === rowIdOf(row))
    if (found === undefined) throw new Error('the row is gone')
    return found
  }
  const reached = async (row: PartitionRow, state: string) =>
    await miner.row(`${rowIdOf(row)} ${state}`, (one) => rowIdOf(one) === rowIdOf(row) && one.state === state)
  /** The next duty, a few epochs before its challenge. */
  async function nextDuty(): Promise<PartitionRow> {
    const row = await miner.whileTicking(miner.row('the next duty', ({ state }) => state === 'Waiting'))
    await miner.goTo(row.challenge - 5)
    return row
  }

  it('proves what was read when its time budget is spent, and skips what nobody delivered', async () => {
    const row = await nextDuty()
    await hire('path-a', [first])
    const absent = await hire('path-b', [second])
    await absent.die()
    await miner.goTo(row.challenge + 2)
    const reading = await reached(row, 'Collecting')
    expect(reading.randomness).toHaveLength(32)
    await miner.goTo(row.open + 5)
    const accepted = await miner.whileTicking(reached(row, 'Accepted'))
    expect(accepted.skipped).toBe(JSON.stringify([second]))
    const fault = await miner.whileTicking(
      miner.told('sectorFaulty', ({ sectorNumber }) => sectorNumber === second),
    )
    expect(fault.reason).toBe('no worker delivered its vanilla proof in time')
    expect(await miner.power()).toBe(2048n)
  })

  it('recovers it before the next deadline’s cutoff, once somebody can read it', async () => {
    await hire('path-a', [first])
    await hire('path-b', [second])
    const views = miner.rooms.context.get(ProvingViews)
    await miner.whileTicking(
      until(
        'declared',
        () => views.faults(),
        ([fault]) => fault?.recovering === true,
        { deadlineMs: 60_000 },
      ),
    )
    const row = await nextDuty()
    await miner.goTo(row.open + 1)
    await reached(row, 'Proved')
    await miner.goTo(row.open + 5)
    await miner.whileTicking(reached(row, 'Accepted'))
    expect(await miner.power()).toBe(4096n)
  })

  it('skips nobody because all came late: it waits on, and the first proof is not the last', async () => {
    const row = await nextDuty()
    await miner.goTo(row.challenge + 2)
    const reading = await reached(row, 'Collecting')
    await miner.goTo(row.challenge + 8)
    await miner.row(
      'more time',
      (one) => rowIdOf(one) === rowIdOf(row) && (one.budget_ms ?? 0) > (reading.budget_ms ?? 0),
    )
    await miner.goTo(row.close - 15)
    const slow = Promise.withResolvers<void>()
    hands.push(await miner.hire({ path: 'path-b', holds: [second], onClaim: () => slow.promise }))
    await hire('path-a', [first])
    const proofs = miner.rooms.context.get(VanillaStore)
    await until(
      'the first proof has come',
      () => proofs.of(rowIdOf(row), reading.turn),
      (all) => all.some(({ state }) => state === 'arrived'),
      { deadlineMs: 60_000 },
    )
    await miner.rooms.context.get(WindowPost).round()
    slow.resolve()
    const accepted = await miner.whileTicking(reached(row, 'Accepted'))
    expect(accepted.skipped).toBe('[]')
  })

  it('makes its proof anew when a reorg changes the challenge, and sends only that', async () => {
    await hire('path-a', [first, second])
    const row = await nextDuty()
    await miner.goTo(row.open + 1)
    const proved = await reached(row, 'Proved')
    // As if its challenge had been drawn on the branch that loses: the devnet's own beacon is the same on all branches, as drand's is.
    const drawn = Buffer.alloc(32, 1)
    await miner.rooms.context
      .get(MinerDb)
      .updateTable('partitions')
      .set({ randomness: drawn })
      .where('open', '=', row.open)
      .execute()
    await miner.devnet.admin('Devnet.Reorg', [30, false])
    await miner.goTo(row.open + 2)
    const anew = await miner.row(
      'proved anew',
      (one) => rowIdOf(one) === rowIdOf(row) && one.state === 'Proved' && one.turn > proved.turn,
    )
    expect(anew.randomness).toEqual(proved.randomness)
    await miner.goTo(row.open + 5)
    await miner.whileTicking(reached(row, 'Accepted'))
    expect((await posts(row)).map(({ state, exit_code }) => ({ state, exit_code }))).toEqual([
      { state: 'Confirmed', exit_code: 0 },
    ])
  })

  it('follows its message through a reorg that takes it back: the same message lands again', async () => {
    await hire('path-a', [first, second])
    const row = await nextDuty()
    await miner.goTo(row.open + 1)
    await reached(row, 'Proved')
    await miner.goTo(row.open + 5)
    const accepted = await miner.whileTicking(reached(row, 'Accepted'))
    await miner.devnet.admin('Devnet.Reorg', [8, true])
    await reached(row, 'Submitted')
    const back = await miner.whileTicking(reached(row, 'Accepted'))
    expect(back.message_cid).toBe(accepted.message_cid)
    expect(await posts(row)).toHaveLength(1)
    const told = (await miner.facts()).filter(({ $case }) => $case === 'sectorProven')
    expect(told.length, 'home is not told twice').toBe(2)
  })

  it('sends once more when its nonce was taken, and not a third time', async () => {
    await hire('path-a', [first, second])
    const row = await nextDuty()
    await miner.goTo(row.open + 1)
    await reached(row, 'Proved')
    await miner.rooms.context.get(Messager).stop()
    await miner.goTo(row.open + 5)
    const sent = await reached(row, 'Submitted')
    const db = miner.rooms.context.get(MinerDb)
    await db
      .updateTable('messages')
      .set({ state: 'NonceTaken', settled: 1, why: 'message X, not ours, used nonce 7' })
      .where('uuid', '=', sent.message_uuid ?? '')
      .execute()
    await miner.row(
      'sent again',
      (one) => rowIdOf(one) === rowIdOf(row) && one.submissions === 2 && one.state === 'Submitted',
    )
    await miner.restart()
    await miner.whileTicking(reached(row, 'Accepted'))
    expect((await posts(row)).map(({ state }) => state)).toEqual(['NonceTaken', 'Confirmed'])
  })

  it('sends nothing for a partition that the chain has already, whatever its database remembers', async () => {
    await hire('path-a', [first, second])
    const row = await nextDuty()
    await miner.goTo(row.open + 1)
    await reached(row, 'Proved')
    await miner.rooms.stop()
    const state = join(directory, 'miner')
    execFileSync('cp', ['-a', state, join(directory, 'backup')])
    await miner.begin()
    await miner.goTo(row.open + 5)
    await until(
      'sent',
      () => again(row),
      ({ state }) => state === 'Submitted',
      { deadlineMs: 60_000 },
    )
    await until(
      'pushed',
      () => posts(row),
      ([message]) => message?.state === 'Pushed',
      { deadlineMs: 60_000 },
    )
    await miner.goTo(row.open + 7)

    // The disk dies, and yesterday's backup comes back: it knows a proof, and of no message.
    await miner.rooms.stop()
    renameSync(state, join(directory, 'lost'))
    renameSync(join(directory, 'backup'), state)
    await miner.begin()
    await miner.goTo(row.open + 9)
    const seen = await miner.row(
      'seen on chain',
      (one) => rowIdOf(one) === rowIdOf(row) && /already has a proof/.test(one.why ?? ''),
    )
    expect(seen.state).toBe('Proved')
    await miner.whileTicking(reached(row, 'Accepted'))
    expect(await posts(row)).toEqual([])
    expect(await miner.power()).toBe(4096n)
  })

  it('refuses workers of another version, and the trapdoor prover on any network but the devnet', async () => {
    const hand = await hire('path-a', [first, second])
    expect((await hand.register({ version: '0.0.1' })).refusal).toMatch(
      /^worker version 0.0.1, miner version/,
    )
    const network = miner.rooms.context.get(Network)
    const devnet = network.require()
    vi.spyOn(network, 'require').mockReturnValue({ ...devnet, name: 'testnetnet', devnet: false })
    const answer = await hand.register()
    expect(answer.refusal).toBe('proofs of the trapdoor prover are refused on testnetnet')
    expect(answer.miner).toBe('')
  })

  it('fences claims: one a path and turn, nothing from an old one, no file that was not asked for', async () => {
    const row = await nextDuty()
    const work = service()
    const worker = {
      workerId: 'hand',
      hostname: 'test',
      version,
      tasks: ['post'],
      concurrency: {},
      prover: 'trapdoor',
    }
    const path = {
      id: 'path-c',
      canSeal: false,
      canStore: true,
      freeBytes: 0,
      sectors: [first, second].map((sectorNumber) => ({ sectorNumber, finalized: true })),
    }
    await work.register({ ...worker, paths: [path] })
    await miner.goTo(row.challenge + 2)
    const { turn } = await reached(row, 'Collecting')
    const ask = { workerId: 'hand', task: 'post.vanilla', row: rowIdOf(row), turn, storageIds: ['path-c'] }
    expect(await work.claim({ ...ask, turn: turn - 1 })).toMatchObject({
      claimId: '',
      reason: 'stale: the partition has moved on',
    })
    expect(await work.claim({ ...ask, workerId: 'stranger' })).toMatchObject({
      claimId: '',
      reason: 'register first',
    })
    expect(await work.claim({ ...ask, storageIds: ['elsewhere'] })).toMatchObject({
      claimId: '',
      reason: 'nothing to read on this storage path',
    })
    const claim = await work.claim(ask)
    expect(claim.task?.work?.$case).toBe('postVanilla')
    expect(await work.claim(ask)).toMatchObject({ claimId: '', reason: 'taken by worker hand' })
    const value = claim.task?.work?.$case === 'postVanilla' ? claim.task.work.value : undefined
    expect(value?.sectors.map(({ sectorNumber }) => sectorNumber)).toEqual([first, second])

    const file = join(directory, 'tls', 'ca.crt')
    const put = (hubPath: string) =>
      putFile({ url: `${miner.rooms.hubUrl}${hubPath}`, path: file, tls: miner.tls.worker, role: 'miner' })
    await put(`${value?.hubPath}/${first}`)
    await expect(put(`${value?.hubPath}/999`)).rejects.toThrow(/404/)
    await expect(put('/post/../../etc/1')).rejects.toThrow(/404/)

    // Said to be proven, but only one was delivered; then the lease ends, and what comes later is refused.
    expect(
      await work.heartbeat({ workerId: 'hand', claimId: claim.claimId, stage: '', fraction: 0, paths: [] }),
    ).toEqual({ valid: true })
    await until(
      'the claim expires',
      async () =>
        await miner.rooms.context
          .get(MinerDb)
          .selectFrom('claims')
          .select('state')
          .where('claim_id', '=', claim.claimId)
          .executeTakeFirst(),
      (found) => found?.state === 'expired',
    )
    expect(
      await work.heartbeat({ workerId: 'hand', claimId: claim.claimId, stage: '', fraction: 0, paths: [] }),
    ).toEqual({ valid: false })
    const late = await work.complete({
      workerId: 'hand',
      claimId: claim.claimId,
      storageId: 'path-c',
      result: { $case: 'postVanilla', value: { proven: [first, second], failed: [] } },
    })
    expect(late).toEqual({ accepted: false, reason: 'the claim is over: expired' })
    await expect(put(`${value?.hubPath}/${second}`)).rejects.toThrow(/404/)
  })

  it('reads everything again when a vanilla proof on the hub does not hold', async () => {
    // Of the claim before, sector one's "proof" is a certificate: it was whole, so it counted. The SNARK's maker finds out.
    const row = await miner.row('under way', ({ state }) => state === 'Collecting')
    await hire('path-a', [first, second])
    await miner.goTo(row.open + 5)
    const accepted = await miner.whileTicking(reached(row, 'Accepted'))
    expect(accepted.spoils).toBeGreaterThan(0)
    expect(accepted.skipped).toBe('[]')
  })
  it('reads again what failed early, and skips it when half of its time is over', async () => {
    const work = service()
    const path = { id: 'path-e', canSeal: false, canStore: true, freeBytes: 0 }
    const sectors = [first, second].map((sectorNumber) => ({ sectorNumber, finalized: true }))
    const worker = { hostname: 'test', version, tasks: ['post'], concurrency: {}, prover: 'trapdoor' }
    await work.register({ ...worker, workerId: 'eye', paths: [{ ...path, sectors }] })
    const planned = await nextDuty()
    await miner.goTo(planned.challenge + 2)
    const row = await reached(planned, 'Collecting')
    const { context } = miner.rooms
    // The paths of the tests before would be waited for.
    await context.get(MinerDb).deleteFrom('stored_sectors').where('storage_id', '!=', 'path-e').execute()
    const budget = { budget_ms: 900_000 }
    await context.get(MinerDb).updateTable('partitions').set(budget).where('open', '=', row.open).execute()
    const clock = context.get(Clock)
    const at = (ms: number) =>
      vi.spyOn(clock, 'now').mockImplementation(() => (row.collecting_since_ms ?? 0) + ms)
    const round = () => context.get(WindowPost).round()
    const failed = [{ sectorNumber: second, code: 'SECTOR_FAULTY', text: 'Stale file handle (os error 116)' }]
    /** Reads what is wanted: the first sector, when it is, and never the second. */
    async function read(): Promise<void> {
      const claim = await work.claim({
        workerId: 'eye',
        task: 'post.vanilla',
        row: rowIdOf(row),
        turn: row.turn,
        storageIds: ['path-e'],
      })
      const value = claim.task?.work?.$case === 'postVanilla' ? claim.task.work.value : undefined
      const wanted = value?.sectors.map(({ sectorNumber }) => sectorNumber) ?? []
      expect(wanted, claim.reason).toContain(second)
      const proven = wanted.filter((sector) => sector === first)
      for (const sector of proven) {
        await putFile({
          url: `${miner.rooms.hubUrl}${value?.hubPath}/${sector}`,
          path: join(directory, 'tls', 'ca.crt'),
          tls: miner.tls.worker,
          role: 'miner',
        })
      }
      const result = { $case: 'postVanilla' as const, value: { proven, failed } }
      const { claimId } = claim
      expect(await work.complete({ workerId: 'eye', claimId, storageId: 'path-e', result })).toMatchObject({
        accepted: true,
      })
      await round()
    }
    for (const ms of [1_000, 20_000]) {
      at(ms)
      await read()
      expect((await again(row)).state).toBe('Collecting')
      at(ms + 11_000)
      await round()
    }
    at(450_000)
    await read()
    expect(await again(row)).toMatchObject({ state: 'Proving', skipped: JSON.stringify([second]) })
  })
})
