import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Sector } from '../sealer-db.js'
import { Rows } from '../testing/rows.js'
import { expireClaims } from './end-claim.js'
import { EXPIRY_LOOK_MS, Leases } from './leases.js'

const dir = temporaryDirectory()
const LEASE_MS = 45_000
let count = 0
let rows: Rows
let work: ReturnType<Rows['work']>
/** The monotonic clock of the leases. Unit: ms. */
let clockMs: number

beforeEach(async () => {
  clockMs = performance.now()
  await open()
})
afterEach(() => rows.close())

async function open(path = `${dir}/${++count}`): Promise<void> {
  rows = await Rows.open(path, { leases: new Leases(LEASE_MS, () => clockMs) })
  work = rows.work()
  await register('worker-a', 'first')
  await register('worker-b', 'first')
}

async function register(workerId: string, session: string, claims: string[] = []) {
  return await work.register({
    workerId,
    session,
    hostname: 'host',
    version: '1',
    tasks: ['pc1', 'pc2', 'commit', 'finalize'],
    concurrency: {},
    paths: [{ id: 'path-a', canSeal: true, canStore: true, freeBytes: 0, sectors: [], claims }],
    prover: 'trapdoor',
  })
}

const claim = (sector: Sector, task: string, workerId = 'worker-a', turn = sector.turn) =>
  work.claim({ workerId, task, row: String(sector.sector_number), turn, storageIds: ['path-a'] })
const commD = new Uint8Array(32).fill(2)
const completePc1 = (claimId: string, workerId = 'worker-a') =>
  work.complete({ workerId, claimId, result: { $case: 'preCommit1', value: { commD } } })
const beat = (claimId: string, workerId = 'worker-a') =>
  work.heartbeat({ workerId, claimId, stage: 'PreCommit1', fraction: 0.5 })
/** Time passes as it does for the coordinator: with a look for late claims every second. */
async function pass(ms: number): Promise<number[]> {
  const late: number[] = []
  for (let passed = 0; passed < ms; passed += EXPIRY_LOOK_MS) {
    clockMs += EXPIRY_LOOK_MS
    late.push(...(await expireClaims(rows.sectors, rows.leases, () => rows.nowMs)))
  }
  return late
}
const read = (sector: Sector) => rows.read(sector.sector_number)

describe('a claim', () => {
  it('is granted once for a turn: the second worker hears who has it', async () => {
    const sector = await rows.sector('PreCommit1')
    expect((await claim(sector, 'pc1')).claimId).not.toBe('')
    expect(await claim(sector, 'pc1', 'worker-b')).toMatchObject({
      claimId: '',
      reason: 'taken by worker worker-a',
    })
  })

  it('of an older turn, another stage, an unknown worker or a foreign storage path is refused', async () => {
    const sector = await rows.sector('PreCommit2')
    expect((await claim(sector, 'pc2', 'worker-a', sector.turn - 1)).reason).toBe(
      'stale: the sector has moved on',
    )
    expect((await claim(sector, 'pc1')).reason).toBe('stale: the sector has moved on')
    expect((await claim(sector, 'pc2', 'nobody')).reason).toBe('register first')
    const elsewhere = {
      workerId: 'worker-a',
      task: 'pc2',
      row: '1',
      turn: sector.turn,
      storageIds: ['path-b'],
    }
    expect((await work.claim(elsewhere)).reason).toContain('does not serve the sector’s storage path')
  })

  it('counts its result once: a repeat is accepted and does nothing', async () => {
    const sector = await rows.sector('PreCommit1', { winning_claim: null })
    const { claimId } = await claim(sector, 'pc1')
    expect((await completePc1(claimId)).accepted).toBe(true)
    const after = await read(sector)
    expect(after).toMatchObject({ state: 'PreCommit2', winning_claim: claimId, storage_id: 'path-a' })
    expect((await completePc1(claimId)).accepted).toBe(true)
    expect(await read(sector)).toEqual(after)
  })

  it('not heard of for its lease is over: the task is offered again at once, the late result is refused', async () => {
    const sector = await rows.sector('PreCommit1')
    const { claimId } = await claim(sector, 'pc1')
    expect(await pass(LEASE_MS - EXPIRY_LOOK_MS)).toEqual([])
    expect(await pass(EXPIRY_LOOK_MS)).toEqual([sector.sector_number])
    const offered = await read(sector)
    expect(offered.wake_at).toBeLessThanOrEqual(rows.nowMs)
    expect(offered).toMatchObject({ state: 'PreCommit1', turn: sector.turn, tries: 1 })
    expect((await rows.failure(sector))?.text).toContain('worker-a on host was not heard of for 45 s')
    expect(await completePc1(claimId)).toMatchObject({
      accepted: false,
      reason: expect.stringContaining('expired'),
    })
    const second = await claim(sector, 'pc1', 'worker-b')
    expect(await beat(claimId)).toEqual({ valid: false })
    expect(await completePc1(claimId)).toMatchObject({ accepted: false })
    expect((await completePc1(second.claimId, 'worker-b')).accepted).toBe(true)
    expect(await read(sector)).toMatchObject({ state: 'PreCommit2', winning_claim: second.claimId })
  })

  it('that is heard of holds for as long as the work takes', async () => {
    const sector = await rows.sector('PreCommit1')
    const { claimId } = await claim(sector, 'pc1')
    for (let minutes = 0; minutes < 5; minutes += 1) {
      expect(await pass(30_000)).toEqual([])
      expect(await beat(claimId)).toEqual({ valid: true })
    }
  })

  it('of another worker cannot be completed, renewed or released', async () => {
    const sector = await rows.sector('PreCommit1')
    const { claimId } = await claim(sector, 'pc1')
    expect(await completePc1(claimId, 'worker-b')).toMatchObject({ accepted: false, reason: 'no such claim' })
    expect(await beat(claimId, 'worker-b')).toEqual({ valid: false })
    await work.release({ workerId: 'worker-b', claimId, code: '' })
    expect(await beat(claimId)).toEqual({ valid: true })
  })

  it('with a result of another task is refused', async () => {
    const sector = await rows.sector('Commit1', { seed: 'aa', seed_epoch: 1 })
    const { claimId } = await claim(sector, 'c1')
    expect(await completePc1(claimId)).toMatchObject({ accepted: false, reason: 'not a result of c1' })
  })
})

describe('a coordinator that was away', () => {
  it('restarts with its workers’ claims: what ran goes on and is reported', async () => {
    const path = rows.dir
    const sector = await rows.sector('PreCommit1')
    const { claimId } = await claim(sector, 'pc1')
    await rows.close()
    clockMs += 10 * 60_000
    rows = await Rows.open(path, { leases: new Leases(LEASE_MS, () => clockMs) })
    work = rows.work()
    expect(await pass(EXPIRY_LOOK_MS)).toEqual([])
    expect(await beat(claimId)).toEqual({ valid: true })
    expect((await completePc1(claimId)).accepted).toBe(true)
  })

  it('or frozen, heard nobody: that time ends no claim', async () => {
    const sector = await rows.sector('PreCommit1')
    const { claimId } = await claim(sector, 'pc1')
    clockMs += 60 * 60_000
    expect(await expireClaims(rows.sectors, rows.leases, () => rows.nowMs)).toEqual([])
    expect(await beat(claimId)).toEqual({ valid: true })
  })

  it('does not believe a wall clock that jumps', async () => {
    const sector = await rows.sector('PreCommit1')
    await claim(sector, 'pc1')
    rows.nowMs += 24 * 60 * 60_000
    expect(await pass(EXPIRY_LOOK_MS)).toEqual([])
  })
})

describe('a worker that was started anew', () => {
  it('has lost what it had claimed: it is offered again without waiting for the lease', async () => {
    const sector = await rows.sector('PreCommit1')
    const { claimId } = await claim(sector, 'pc1')
    await register('worker-a', 'second')
    expect(await beat(claimId)).toEqual({ valid: false })
    expect((await read(sector)).wake_at).toBeLessThanOrEqual(rows.nowMs)
    expect((await rows.failure(sector))?.text).toBe('pc1: worker worker-a on host was started anew')
    expect((await claim(sector, 'pc1', 'worker-b')).claimId).not.toBe('')
  })

  it('registers again after a cut line without losing anything', async () => {
    const sector = await rows.sector('PreCommit1')
    const { claimId } = await claim(sector, 'pc1')
    await register('worker-a', 'first')
    expect(await beat(claimId)).toEqual({ valid: true })
  })

  it('is refused with another version, or with the trapdoor prover on a network of value', async () => {
    work = rows.work({ version: '2' })
    expect((await register('worker-c', 'x')).refusal).toContain('install the same on both')
    work = rows.work()
    rows.learnMiner('mainnet')
    expect((await register('worker-c', 'x')).refusal).toContain(
      'the trapdoor prover is for development networks',
    )
    expect(
      await rows.db.selectFrom('workers').where('worker_id', '=', 'worker-c').selectAll().execute(),
    ).toEqual([])
  })

  it('is told which of its claim directories nobody needs any more', async () => {
    const sector = await rows.sector('PreCommit1', { winning_claim: null })
    const dead = (await claim(sector, 'pc1')).claimId
    await register('worker-a', 'second')
    const winner = (await claim(sector, 'pc1')).claimId
    // At the same turn an earlier result may still be taken over.
    expect((await register('worker-a', 'second', [dead, winner])).retiredClaims).toEqual([])
    await completePc1(winner)
    expect((await register('worker-a', 'second', [dead, winner, 'unknown'])).retiredClaims).toEqual([dead])
  })

  it('is asked to register again once its sector goes on elsewhere: its files there are of no use', async () => {
    const sector = await rows.sector('PreCommit1', { winning_claim: null })
    const { claimId } = await claim(sector, 'pc1')
    await pass(LEASE_MS)
    const elsewhere = { workerId: 'worker-b', task: 'pc1', row: String(sector.sector_number) }
    const winner = await work.claim({ ...elsewhere, turn: sector.turn, storageIds: ['path-b'] })
    expect(await beat('')).toEqual({ valid: true })
    await completePc1(winner.claimId, 'worker-b')
    expect(await beat('')).toEqual({ valid: false })
    expect(await beat('', 'worker-b')).toEqual({ valid: true })
    expect((await register('worker-a', 'first', [claimId])).retiredClaims).toEqual([claimId])
    expect(await beat('')).toEqual({ valid: true })
    // A coordinator that was started anew does not know who has registered.
    work = rows.work()
    expect(await beat('', 'worker-b')).toEqual({ valid: false })
  })
})

describe('a failed task', () => {
  const fail = async (state: Sector['state'], task: string, code: string, remedy: string) => {
    const sector = await rows.sector(state, { seed: 'aa', seed_epoch: 1, c1_claim: 'c1', c1_bytes: 3 })
    const { claimId } = await claim(sector, task)
    await work.release({ workerId: 'worker-a', claimId, code, remedy, text: 'because' })
    return await read(sector)
  }

  it('that may pass is offered again, later each time', async () => {
    const sector = await rows.sector('PreCommit1')
    const waits: number[] = []
    for (let tries = 0; tries < 3; tries += 1) {
      const { claimId } = await claim(sector, 'pc1')
      const failure = { code: 'CHILD_DIED', remedy: 'retry', text: 'killed by SIGSEGV' }
      await work.release({ workerId: 'worker-a', claimId, ...failure })
      waits.push(((await read(sector)).wake_at ?? 0) - rows.nowMs)
    }
    expect(waits).toEqual([1_000, 2_000, 4_000])
    expect((await rows.failure(sector))?.text).toBe('pc1 on host: killed by SIGSEGV')
  })

  it('of a worker that is unfit itself leaves the sector for another', async () => {
    expect(await fail('PreCommit1', 'pc1', 'PARAMETERS_MISSING', 'halt')).toMatchObject({
      state: 'PreCommit1',
    })
  })

  it('that needs a person parks the sector', async () => {
    expect(await fail('PreCommit1', 'pc1', 'PIECE_MISMATCH', 'hold')).toMatchObject({ state: 'Held' })
  })

  it('whose input is gone runs the stage before again', async () => {
    expect(await fail('PreCommit2', 'pc2', 'FILES_MISSING', 'drop')).toMatchObject({ state: 'PreCommit1' })
    const back = await fail('Commit2', 'c2', 'FILES_MISSING', 'drop')
    expect(back).toMatchObject({ state: 'Commit1', c1_claim: null })
  })

  it('of a worker that only stops is offered again at once', async () => {
    const row = await fail('PreCommit1', 'pc1', '', '')
    expect(row).toMatchObject({ state: 'PreCommit1', failure: null, tries: 1 })
    expect(row.wake_at).toBeLessThanOrEqual(rows.nowMs)
  })
})

describe('work on an older turn', () => {
  it('ends with its next heartbeat: a new seed needs another Commit1', async () => {
    const sector = await rows.sector('Commit1', { seed: 'aa', seed_epoch: 200, pre_commit_turn: 4 })
    const { claimId } = await claim(sector, 'c1')
    await rows.event({
      $case: 'seedReady',
      value: {
        sectorNumber: sector.sector_number,
        seedEpoch: 200,
        seed: new Uint8Array(32).fill(9),
        preCommitEpoch: 50,
      },
    })
    expect(await beat(claimId)).toEqual({ valid: false })
    const result = { $case: 'commit1' as const, value: { bytes: 3 } }
    expect(await work.complete({ workerId: 'worker-a', claimId, result })).toMatchObject({ accepted: false })
  })
})
