import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Sector } from '../sealer-db.js'
import { Rows } from '../testing/rows.js'

const dir = temporaryDirectory()
let count = 0
let rows: Rows
beforeEach(async () => {
  rows = await Rows.open(`${dir}/${++count}`)
})
afterEach(() => rows.close())

const preCommitLanded = (sector: Sector, turn: number, seedEpoch = 200) =>
  rows.event({
    $case: 'preCommitLanded',
    value: { sectorNumber: sector.sector_number, preCommitEpoch: 50, messageCid: 'cid', seedEpoch, turn },
  })
const seedReady = (sector: Sector, fill: number, seedEpoch = 200) =>
  rows.event({
    $case: 'seedReady',
    value: {
      sectorNumber: sector.sector_number,
      seedEpoch,
      seed: new Uint8Array(32).fill(fill),
      preCommitEpoch: 50,
    },
  })
const proveCommitLanded = (
  sector: Sector,
  turn: number,
  activeDeals: number[],
  inactiveDeals: number[] = [],
) =>
  rows.event({
    $case: 'proveCommitLanded',
    value: {
      sectorNumber: sector.sector_number,
      messageCid: 'cid',
      activationEpoch: 300,
      expiration: 900_000,
      activeDeals,
      inactiveDeals,
      deadline: 1,
      partition: 2,
      turn,
    },
  })
const lost = (sector: Sector, step: string, turn: number, code: string, remedy: string) =>
  rows.event({
    $case: 'stepLost',
    value: {
      sectorNumber: sector.sector_number,
      step,
      turn,
      refusal: { code, remedy, text: `${code} text` },
    },
  })
const reverted = (sector: Sector, step: string) =>
  rows.event({ $case: 'stepReverted', value: { sectorNumber: sector.sector_number, step } })
const state = async (sector: Sector) => (await rows.read(sector.sector_number)).state

const seedHex = (fill: number) => fill.toString(16).padStart(2, '0').repeat(32)
const proven = { proof: 'ff', c1_bytes: 5, c1_claim: 'c1', seed: seedHex(7), seed_epoch: 200 }

describe('a fact of the miner’s stream', () => {
  it('counts once, however often the stream repeats it', async () => {
    const sector = await rows.sector('PreCommitWait', { pre_commit_turn: 9 })
    await preCommitLanded(sector, 9)
    const landed = await rows.read(sector.sector_number)
    const fact = {
      $case: 'preCommitLanded' as const,
      value: {
        sectorNumber: sector.sector_number,
        preCommitEpoch: 1,
        messageCid: 'x',
        seedEpoch: 1,
        turn: 9,
      },
    }
    await rows.event(fact, 1)
    expect(await rows.read(sector.sector_number)).toEqual(landed)
    // The same fact under a new sequence: the row has outgrown it.
    await preCommitLanded(sector, 9)
    expect((await rows.read(sector.sector_number)).turn).toBe(landed.turn)
  })

  it('is taken before our own step has noted that the request was sent', async () => {
    const sector = await rows.sector('SubmitPreCommit', { turn: 9 })
    await preCommitLanded(sector, 9)
    expect(await rows.read(sector.sector_number)).toMatchObject({ state: 'WaitSeed', pre_commit_turn: 9 })
  })

  it('waits for a held sector until a person releases it', async () => {
    const sector = await rows.sector('Held', { held_from: 'WaitSeed', pre_commit_turn: 9, seed_epoch: 200 })
    await seedReady(sector, 7)
    expect(await state(sector)).toBe('Held')
    await rows.db.updateTable('sectors').set({ state: 'WaitSeed' }).execute()
    expect(await rows.advance(sector.sector_number)).toBe(true)
    expect(await rows.read(sector.sector_number)).toMatchObject({ state: 'Commit1', seed: seedHex(7) })
  })

  it('of an older request moves nothing', async () => {
    const sector = await rows.sector('PreCommitWait', { pre_commit_turn: 9 })
    await preCommitLanded(sector, 7)
    await lost(sector, 'preCommit', 7, 'MESSAGE_FAILED', 'retry')
    expect(await state(sector)).toBe('PreCommitWait')
  })

  it('told to a database that was restored from a backup is taken when the row gets there', async () => {
    // The backup is from before PreCommit1 ended; the stream goes on where the backup stopped and tells all that came after it.
    const sector = await rows.sector('PreCommit1', { turn: 3 })
    await preCommitLanded(sector, 5)
    await seedReady(sector, 7)
    await proveCommitLanded(sector, 9, [])
    expect(await state(sector)).toBe('PreCommit1')
    await rows.db
      .updateTable('sectors')
      .set({ state: 'PreCommitWait', turn: 6, pre_commit_turn: 5 })
      .execute()
    expect(await rows.advance(sector.sector_number)).toBe(true)
    expect(await state(sector)).toBe('Commit1')
    await rows.db
      .updateTable('sectors')
      .set({ state: 'ProveCommitWait', turn: 10, prove_commit_turn: 9, ...proven })
      .execute()
    expect(await rows.advance(sector.sector_number)).toBe(true)
    expect(await state(sector)).toBe('FinalizeSector')
  })
})

describe('a PreCommit that is lost', () => {
  it('is asked for again, later each time: each message costs gas', async () => {
    const sector = await rows.sector('PreCommitWait', { turn: 10, pre_commit_turn: 9 })
    const waits: number[] = []
    for (const turn of [9, 11, 13]) {
      await rows.db.updateTable('sectors').set({ state: 'PreCommitWait', pre_commit_turn: turn }).execute()
      await lost(sector, 'preCommit', turn, 'MESSAGE_FAILED', 'retry')
      const row = await rows.read(sector.sector_number)
      expect(row.state).toBe('SubmitPreCommit')
      waits.push((row.wake_at ?? 0) - rows.nowMs)
    }
    expect(waits).toEqual([1_000, 2_000, 4_000])
    expect((await rows.failure(sector))?.text).toBe('MESSAGE_FAILED text')
  })

  it('for good parks the sector for a person', async () => {
    const sector = await rows.sector('PreCommitWait', { pre_commit_turn: 9 })
    await lost(sector, 'preCommit', 9, 'MESSAGE_FAILED', 'hold')
    expect(await state(sector)).toBe('Held')
  })

  it('because its ticket grew too old starts over with a new ticket', async () => {
    const sector = await rows.sector('PreCommitWait', { pre_commit_turn: 9 })
    await lost(sector, 'preCommit', 9, 'TICKET_EXPIRED', 'retry')
    const row = await rows.read(sector.sector_number)
    expect(row).toMatchObject({ state: 'GetTicket', ticket: null, comm_r: null, winning_claim: null })
  })
})

describe('a reorg', () => {
  it('that takes a PreCommit back makes the sector wait for it again, wherever it has got to', async () => {
    for (const from of ['WaitSeed', 'Commit1', 'Commit2', 'SubmitProveCommit', 'ProveCommitWait'] as const) {
      const sector = await rows.sector(from, { pre_commit_turn: 9, prove_commit_turn: 10 })
      await preCommitLanded(sector, 9)
      await reverted(sector, 'preCommit')
      expect(await rows.read(sector.sector_number)).toMatchObject({
        state: 'PreCommitWait',
        pre_commit_turn: 9,
      })
    }
  })

  it('that changes nothing of the seed keeps the proof that was made for it', async () => {
    const sector = await rows.sector('SubmitProveCommit', { pre_commit_turn: 9, ...proven })
    await preCommitLanded(sector, 9)
    await seedReady(sector, 7)
    await reverted(sector, 'preCommit')
    await preCommitLanded(sector, 9)
    await seedReady(sector, 7)
    expect(await state(sector)).toBe('Commit1')
    await rows.advance(sector.sector_number)
    await rows.advance(sector.sector_number)
    expect(await rows.read(sector.sector_number)).toMatchObject({ state: 'SubmitProveCommit', proof: 'ff' })
    expect(rows.jobs).toEqual([])
  })

  it('that changes the seed sends the sector back to Commit1, without the old proof', async () => {
    for (const from of ['Commit1', 'Commit2', 'SubmitProveCommit', 'ProveCommitWait'] as const) {
      const sector = await rows.sector(from, { pre_commit_turn: 9, ...proven })
      await preCommitLanded(sector, 9)
      await seedReady(sector, 8)
      const row = await rows.read(sector.sector_number)
      expect(row).toMatchObject({ state: 'Commit1', seed: seedHex(8), proof: null, c1_claim: null })
    }
  })

  it('that repeats the seed does not disturb a Commit2 under way', async () => {
    const sector = await rows.sector('Commit2', { pre_commit_turn: 9, ...proven, proof: null })
    await preCommitLanded(sector, 9)
    const { turn } = await rows.read(sector.sector_number)
    await seedReady(sector, 7)
    expect(await rows.read(sector.sector_number)).toMatchObject({ state: 'Commit2', turn })
  })

  it('that takes a ProveCommit back takes the deals’ activation back, until it lands again', async () => {
    const sector = await rows.sector('Proving', {
      prove_commit_turn: 9,
      proven_epoch: 400,
      window_post_cid: 'post',
    })
    const piece = await rows.piece('Sealed', { sector_number: sector.sector_number, deal_id: 5 })
    await reverted(sector, 'proveCommit')
    expect(await rows.read(sector.sector_number)).toMatchObject({
      state: 'ProveCommitWait',
      proven_epoch: null,
    })
    expect((await rows.readPiece(piece.deal_uuid)).state).toBe('InSector')
    await proveCommitLanded(sector, 9, [5])
    expect(await state(sector)).toBe('FinalizeSector')
    expect((await rows.readPiece(piece.deal_uuid)).state).toBe('Sealed')
  })
})

describe('a sector that landed', () => {
  const landedWith = async (active: number[], inactive: number[], startEpoch: number) => {
    const sector = await rows.sector('ProveCommitWait', { prove_commit_turn: 9 })
    const piece = await rows.piece('InSector', {
      sector_number: sector.sector_number,
      padded_offset: 0,
      deal_id: 5,
      start_epoch: startEpoch,
    })
    await proveCommitLanded(sector, 9, active, inactive)
    return piece
  }

  it('without a deal’s activation gives its piece back, to be packed again', async () => {
    const piece = await landedWith([], [5], 20_000)
    expect(await rows.readPiece(piece.deal_uuid)).toMatchObject({ state: 'Published', sector_number: null })
    expect(await rows.advancePiece(piece.deal_uuid)).toBe(true)
    const again = await rows.readPiece(piece.deal_uuid)
    expect(again.state).toBe('InSector')
    expect((await rows.read(again.sector_number ?? 0)).state).toBe('Packing')
  })

  it('without a deal’s activation drops its piece when the start epoch has passed', async () => {
    const piece = await landedWith([], [5], 1_000)
    await rows.advancePiece(piece.deal_uuid)
    expect((await rows.readPiece(piece.deal_uuid)).state).toBe('Dropped')
    expect((await rows.failure(piece))?.text).toBe('its start epoch 1000 has passed (now 1000)')
  })
})

describe('a deal’s publication', () => {
  const told = (dealUuid: string, publicationState: string, dealId = 0) =>
    rows.event({
      $case: 'publication',
      value: {
        requestId: dealUuid,
        proposalCid: '',
        state: publicationState,
        messageCid: 'bafypublish',
        dealId,
        refusal: undefined,
        why: '',
      },
    })

  it('taken back by a reorg is waited for again; the deal may get another id', async () => {
    const piece = await rows.piece('Publishing')
    await told(piece.deal_uuid, 'Published', 5)
    expect(await rows.readPiece(piece.deal_uuid)).toMatchObject({ state: 'Published', deal_id: 5 })
    await told(piece.deal_uuid, 'Sent')
    expect((await rows.readPiece(piece.deal_uuid)).state).toBe('Publishing')
    await told(piece.deal_uuid, 'Published', 6)
    expect(await rows.readPiece(piece.deal_uuid)).toMatchObject({ state: 'Published', deal_id: 6 })
  })

  it('with another id reaches a piece that is already in a sector: its ProveCommit names the new one', async () => {
    const sector = await rows.sector('Commit2')
    const piece = await rows.piece('InSector', { sector_number: sector.sector_number, deal_id: 5 })
    await told(piece.deal_uuid, 'Sent')
    await told(piece.deal_uuid, 'Published', 6)
    expect(await rows.readPiece(piece.deal_uuid)).toMatchObject({ state: 'InSector', deal_id: 6 })
  })

  it('told before the piece asked for it is not lost', async () => {
    const early = await rows.piece('Held', { held_from: 'Publishing' })
    await told(early.deal_uuid, 'Published', 7)
    await rows.db.updateTable('pieces').set({ state: 'Publishing' }).execute()
    expect(await rows.advancePiece(early.deal_uuid)).toBe(true)
    expect(await rows.readPiece(early.deal_uuid)).toMatchObject({ state: 'Published', deal_id: 7 })
    expect(rows.miner.asked).toEqual([])
  })

  it('of a deal that this database has forgotten is kept until the deal is offered again', async () => {
    const dealUuid = '00000000-0000-4000-8000-000000000000'
    await told(dealUuid, 'Published', 8)
    await rows.piece('Publishing', { deal_uuid: dealUuid })
    await rows.advancePiece(dealUuid)
    expect(await rows.readPiece(dealUuid)).toMatchObject({ state: 'Published', deal_id: 8 })
  })
})
