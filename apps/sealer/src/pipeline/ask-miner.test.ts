import { halt } from '@sealane/host'
import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Sector } from '../sealer-db.js'
import { Rows } from '../testing/rows.js'
import { ASK_AGAIN_MS } from './to-miner.js'

// It would end this process.
vi.mock('@sealane/host', async (original) => ({ ...(await original<object>()), halt: vi.fn() }))

const dir = temporaryDirectory()
let count = 0
let rows: Rows
beforeEach(async () => {
  rows = await Rows.open(`${dir}/${++count}`)
  rows.miner.tells = false
})
afterEach(() => rows.close())

const seeded = { seed: '04'.repeat(32), seed_epoch: 200, proof: '05'.repeat(192), pre_commit_turn: 4 }
const read = (sector: Sector) => rows.read(sector.sector_number)
const refusal = (code: string, remedy: string) => ({ code, remedy, text: `${code} said the miner` })

describe('a database restored from a backup', () => {
  it('catches up with the turn that the miner holds, and takes its living message for its own', async () => {
    const sector = await rows.sector('SubmitPreCommit', { turn: 20 })
    await rows.advance(sector.sector_number)
    expect(rows.miner.sent).toEqual(['preCommit 1'])
    // Yesterday's backup.
    await rows.db
      .updateTable('sectors')
      .set({ state: 'SubmitPreCommit', turn: 6, pre_commit_turn: null })
      .execute()
    rows.miner.tells = true
    await rows.advance(sector.sector_number)
    expect(await read(sector)).toMatchObject({ state: 'SubmitPreCommit', turn: 21 })
    expect(rows.outdated).toBe(1)
    await rows.advance(sector.sector_number)
    expect(await read(sector)).toMatchObject({ state: 'PreCommitWait', pre_commit_turn: 21 })
    expect(rows.miner.sent).toEqual(['preCommit 1'])
    expect(rows.miner.turnOf(1, 'preCommit')).toBe(21)
    const log = await rows.db.selectFrom('history').select(['event', 'detail']).execute()
    expect(log.find((line) => line.event === 'caughtUp')?.detail).toContain('holds turn 20')
  })

  it('is held when the chain has other facts of the sector than its own', async () => {
    const sector = await rows.sector('SubmitPreCommit', { turn: 20 })
    await rows.advance(sector.sector_number)
    await rows.db
      .updateTable('sectors')
      .set({ state: 'SubmitPreCommit', turn: 6, comm_r: '77'.repeat(32) })
      .execute()
    await rows.advance(sector.sector_number)
    await rows.advance(sector.sector_number)
    expect((await read(sector)).state).toBe('Held')
    expect(await rows.failure(sector)).toMatchObject({ code: 'PRECOMMIT_DIFFERS', remedy: 'hold' })
    expect(rows.miner.sent).toEqual(['preCommit 1'])
  })

  it('catches up in the middle of waiting, too', async () => {
    const sector = await rows.sector('SubmitProveCommit', { turn: 20, ...seeded })
    await rows.advance(sector.sector_number)
    await rows.db
      .updateTable('sectors')
      .set({ state: 'ProveCommitWait', turn: 9, prove_commit_turn: 8 })
      .execute()
    rows.nowMs += ASK_AGAIN_MS
    for (let step = 0; step < 3; step += 1) await rows.advance(sector.sector_number)
    expect(await read(sector)).toMatchObject({ state: 'ProveCommitWait', prove_commit_turn: 21 })
    expect(rows.miner.sent).toEqual(['proveCommit 1'])
  })
})

describe('a request to the miner', () => {
  it('is the same request after a crash before its answer was noted', async () => {
    const sector = await rows.sector('SubmitPreCommit', { turn: 6 })
    await rows.advance(sector.sector_number)
    await rows.db.updateTable('sectors').set({ state: 'SubmitPreCommit', turn: 6 }).execute()
    await rows.advance(sector.sector_number)
    expect(rows.miner.asked).toEqual(['preCommit 1 turn 6', 'preCommit 1 turn 6'])
    expect(rows.miner.sent).toEqual(['preCommit 1'])
    expect(await read(sector)).toMatchObject({ state: 'PreCommitWait', turn: 7, pre_commit_turn: 6 })
  })

  it('is made again when nothing was told for long: the miner may have been restored from a backup', async () => {
    const sector = await rows.sector('PreCommitWait', { turn: 7, pre_commit_turn: 6 })
    await rows.advance(sector.sector_number)
    expect(rows.miner.asked).toEqual([])
    rows.nowMs += ASK_AGAIN_MS
    await rows.advance(sector.sector_number)
    expect(rows.miner.sent).toEqual(['preCommit 1'])
    expect(await read(sector)).toMatchObject({ state: 'PreCommitWait', turn: 7 })
    rows.nowMs += ASK_AGAIN_MS
    await rows.advance(sector.sector_number)
    expect(rows.miner.sent).toEqual(['preCommit 1'])
  })

  it('is made again in WaitSeed, too: a seed that is never told would keep the sector for ever', async () => {
    const sector = await rows.sector('WaitSeed', { turn: 8, pre_commit_turn: 6, seed_epoch: 200 })
    await rows.advance(sector.sector_number)
    expect(rows.miner.asked).toEqual([])
    rows.nowMs += ASK_AGAIN_MS
    await rows.advance(sector.sector_number)
    expect(rows.miner.asked).toEqual(['preCommit 1 turn 6'])
    expect(await read(sector)).toMatchObject({ state: 'WaitSeed', turn: 8, failure: null })
  })

  it.each(['TICKET_EXPIRED', 'TICKET_CHANGED'])(
    'refused with %s starts over with a new ticket',
    async (code) => {
      const sector = await rows.sector('SubmitPreCommit')
      rows.miner.refuseNext.set('preCommit', refusal(code, 'retry'))
      await rows.advance(sector.sector_number)
      expect(await read(sector)).toMatchObject({
        state: 'GetTicket',
        ticket: null,
        comm_r: null,
        winning_claim: null,
      })
    },
  )

  it('that may pass is made again, later each time, with the reason where an operator looks', async () => {
    const sector = await rows.sector('SubmitPreCommit')
    const waits: number[] = []
    for (let tries = 0; tries < 3; tries += 1) {
      rows.miner.refuseNext.set('preCommit', refusal('BASE_FEE_HIGH', 'retry'))
      await rows.advance(sector.sector_number)
      waits.push(((await read(sector)).wake_at ?? 0) - rows.nowMs)
    }
    expect(waits).toEqual([1_000, 2_000, 4_000])
    expect(await rows.failure(sector)).toEqual({
      code: 'BASE_FEE_HIGH',
      remedy: 'retry',
      text: 'BASE_FEE_HIGH said the miner',
    })
  })

  it('that needs a person parks the sector; its files and facts stay', async () => {
    const sector = await rows.sector('SubmitPreCommit')
    rows.miner.refuseNext.set('preCommit', refusal('OVER_CAP', 'hold'))
    await rows.advance(sector.sector_number)
    expect(await read(sector)).toMatchObject({
      state: 'Held',
      held_from: 'SubmitPreCommit',
      winning_claim: 'winner',
    })
  })

  it('of a coordinator that has been replaced stops the process and touches no row', async () => {
    const sector = await rows.sector('SubmitPreCommit', { turn: 6 })
    const later = { requestId: 'x', sectorNumber: 99, step: 'preCommit', turn: 1 }
    await rows.miner.submitPreCommit({
      envelope: { ...later, coordinatorEpoch: rows.coordinatorEpoch + 1 },
      commR: new Uint8Array(),
      ticket: new Uint8Array(),
    } as never)
    const before = await read(sector)
    await rows.advance(sector.sector_number)
    expect(halt).toHaveBeenCalledOnce()
    expect(await read(sector)).toEqual(before)
  })
})

describe('a proof that does not hold', () => {
  it('goes back to Commit1 and never to the miner; the third in a row waits for a person', async () => {
    rows.proofHolds = false
    const sector = await rows.sector('SubmitProveCommit', seeded)
    for (const wanted of ['Commit1', 'Commit1', 'Held']) {
      await rows.db.updateTable('sectors').set({ state: 'SubmitProveCommit', proof: seeded.proof }).execute()
      await rows.advance(sector.sector_number)
      expect(await read(sector)).toMatchObject({ state: wanted, proof: null, c1_bytes: null })
    }
    expect(rows.miner.asked).toEqual([])
    expect((await rows.failure(sector))?.text).toContain(
      'check the machine and parameters of its commit worker',
    )
  })

  it('here, or for the miner: both count', async () => {
    const sector = await rows.sector('SubmitProveCommit', seeded)
    rows.miner.refuseNext.set('proveCommit', refusal('PROOF_INVALID', 'hold'))
    await rows.advance(sector.sector_number)
    expect((await read(sector)).state).toBe('Commit1')
    expect(rows.miner.sent).toEqual([])
  })
})

describe('a ticket too old for a PreCommit', () => {
  it.each(['PreCommit1', 'PreCommit2'] as const)(
    'is drawn anew in %s, before more work goes into it',
    async (state) => {
      const sector = await rows.sector(state)
      rows.facts.learnHead(3_881)
      await rows.advance(sector.sector_number)
      expect(await read(sector)).toMatchObject({ state: 'GetTicket', ticket: null, winning_claim: null })
      await rows.advance(sector.sector_number)
      expect(await read(sector)).toMatchObject({ state: 'PreCommit1', ticket_epoch: 100 })
    },
  )

  it('is the miner’s to judge once a request may have been made with it', async () => {
    const sector = await rows.sector('SubmitPreCommit')
    rows.facts.learnHead(3_881)
    await rows.advance(sector.sector_number)
    expect((await read(sector)).state).toBe('PreCommitWait')
  })
})
