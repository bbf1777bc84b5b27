import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Piece, Sector } from '../sealer-db.js'
import { Rows } from '../testing/rows.js'
import { unpadded } from '../unseal/check-unsealed.js'
import { linedUp } from './admit-piece.js'
import { readLimits, setLimits } from './limits.js'

const dir = temporaryDirectory()
let count = 0
let rows: Rows
beforeEach(async () => {
  rows = await Rows.open(`${dir}/${++count}`)
})
afterEach(() => rows.close())

const admit = (piece: Piece) => rows.advancePiece(piece.deal_uuid)
const state = async (piece: Piece) => (await rows.readPiece(piece.deal_uuid)).state
const sectorOf = async (piece: Piece) => rows.read((await rows.readPiece(piece.deal_uuid)).sector_number ?? 0)
const offsetOf = async (piece: Piece) => (await rows.readPiece(piece.deal_uuid)).padded_offset
const inFlight = async () => (await readLimits(rows.db)).inFlightDealSectors
const prove = async (sector: Sector) =>
  rows.db.transaction().execute(async (trx) => {
    const now = await rows.sectors.read(sector.sector_number, trx)
    if (now === undefined) throw new Error('gone')
    const ready: Sector = { ...now, state: 'Commit2' }
    await trx
      .updateTable('sectors')
      .set({ state: 'Commit2' })
      .where('sector_number', '=', now.sector_number)
      .execute()
    await rows.sectors.move(trx, ready, 'commit2Done', { proof: 'ff' }, { nowMs: rows.nowMs })
  })

describe('--deal-concurrent', () => {
  it('1 admits the next full sector only when the one before has its ProveCommit proof', async () => {
    const pieces = [1, 2, 3].map((n) => rows.piece('Published', { start_epoch: 20_000 + n }))
    const [first, second, third] = await Promise.all(pieces)
    if (!first || !second || !third) throw new Error('no pieces')
    await Promise.all([admit(third), admit(second), admit(first)])
    await admit(second)
    expect([await state(first), await state(second), await state(third)]).toEqual([
      'InSector',
      'Published',
      'Published',
    ])
    expect((await rows.waiting(second))?.for).toBe('sealer not accepting deal sectors (1 of 1 busy)')
    await prove(await sectorOf(first))
    expect(await inFlight()).toBe(0)
    await admit(second)
    expect(await state(second)).toBe('InSector')
    expect(await inFlight()).toBe(1)
  })

  it('raised while running lets more in; lowered lets none in until enough have finished', async () => {
    const pieces: Piece[] = []
    for (let n = 0; n < 5; n += 1) pieces.push(await rows.piece('Published', { start_epoch: 20_000 + n }))
    const admitAll = async () => {
      for (const piece of pieces) if ((await state(piece)) === 'Published') await admit(piece)
      return await inFlight()
    }
    await setLimits(rows.db, { dealConcurrent: 3 }, 0)
    expect(await admitAll()).toBe(3)
    await setLimits(rows.db, { dealConcurrent: 1 }, 0)
    for (const sector of [1, 2]) {
      await prove(await rows.read(sector))
      expect(await admitAll()).toBe(3 - sector)
    }
    await prove(await rows.read(3))
    expect(await admitAll()).toBe(1)
  })

  it('counts a held sector: what is wrong must be seen to, not worked around', async () => {
    const [first, second] = [
      await rows.piece('Published', { start_epoch: 1_500 }),
      await rows.piece('Published'),
    ]
    await admit(first)
    const sector = await sectorOf(first)
    await rows.db.updateTable('sectors').set({ state: 'SubmitPreCommit' }).execute()
    rows.miner.refuseNext.set('preCommit', { code: 'OVER_CAP', remedy: 'hold', text: 'over' })
    await rows.db
      .updateTable('sectors')
      .set({ comm_r: 'aa', comm_d: 'aa', ticket: 'aa', ticket_epoch: 1, prover: 'x' })
      .execute()
    await rows.advance(sector.sector_number)
    expect((await rows.read(sector.sector_number)).state).toBe('Held')
    await admit(second)
    expect((await rows.waiting(second))?.for).toBe('sealer not accepting deal sectors (1 of 1 busy)')
  })
})

describe('other limits', () => {
  it('--enable_deal_sector off says so, in the operators’ words, and who must act', async () => {
    await setLimits(rows.db, { enableDealSector: false }, 0)
    const piece = await rows.piece('Published')
    await admit(piece)
    expect(await rows.waiting(piece)).toMatchObject({
      for: 'sealer not accepting deal sectors (off)',
      who: 'operator',
    })
    await setLimits(rows.db, { enableDealSector: true }, 0)
    await admit(piece)
    expect(await state(piece)).toBe('InSector')
  })

  it('total_num counts sectors of any kind', async () => {
    await setLimits(rows.db, { dealConcurrent: 5, totalNum: 2 }, 0)
    const pieces = [
      await rows.piece('Published'),
      await rows.piece('Published'),
      await rows.piece('Published'),
    ]
    for (const dealUuid of await linedUp(rows.db, 10)) await rows.advancePiece(dealUuid)
    expect((await readLimits(rows.db)).inFlightSectors).toBe(2)
    const waiting = await Promise.all(pieces.map((piece) => rows.waiting(piece)))
    expect(waiting.map((one) => one?.for)).toContain('sealer not accepting sectors (2 of 2 busy)')
  })

  it('set while running outlive a restart, until the configuration says something else; a flag always wins', async () => {
    const path = rows.dir
    const limits = async () => (await readLimits(rows.db)).dealConcurrent
    const reopen = async (deal_concurrent: number, flaggedLimits: string[] = []) => {
      await rows.close()
      rows = await Rows.open(path, { limits: { deal_concurrent }, flaggedLimits })
      return await limits()
    }
    expect(await limits()).toBe(1)
    await setLimits(rows.db, { dealConcurrent: 4 }, 0)
    expect(await reopen(1)).toBe(4)
    expect(await reopen(2)).toBe(2)
    await setLimits(rows.db, { dealConcurrent: 4 }, 0)
    expect(await reopen(2, ['deal_concurrent'])).toBe(2)
  })
})

describe('the order of deals', () => {
  it('is that of their start epochs, whoever asks first', async () => {
    const late = await rows.piece('Published', { start_epoch: 9_000 })
    const early = await rows.piece('Published', { start_epoch: 5_000 })
    let first: string | undefined
    const nudgePiece = (dealUuid: string) => {
      first = dealUuid
    }
    await rows.advancePiece(late.deal_uuid, { nudgePiece })
    expect(await state(late)).toBe('Published')
    expect(first).toBe(early.deal_uuid)
    await admit(early)
    expect(await state(early)).toBe('InSector')
  })

  it('is not held up by a deal whose start epoch has passed: that is dropped', async () => {
    const dead = await rows.piece('Published', { start_epoch: 900 })
    const next = await rows.piece('Published')
    await admit(dead)
    expect(await state(dead)).toBe('Dropped')
    await admit(next)
    expect(await state(next)).toBe('InSector')
  })
})

describe('small pieces', () => {
  const small = (piece_size: number, facts: Partial<Piece> = {}) =>
    rows.piece('Published', { piece_size, payload_size: unpadded(piece_size), ...facts })

  it('share a sector, each at a multiple of its own size; the full sector closes at once', async () => {
    const pieces: Piece[] = []
    for (const size of [256, 512, 128, 1024]) {
      const piece = await small(size)
      await admit(piece)
      pieces.push(piece)
    }
    expect(await Promise.all(pieces.slice(0, 3).map(offsetOf))).toEqual([0, 512, 1024])
    // 1024 at 1152 is no multiple of 1024: it needs a sector of its own, and there is no place.
    expect(await state(pieces[3] as Piece)).toBe('Published')
    const rest = await small(512)
    await admit(rest)
    expect(await offsetOf(rest)).toBe(1536)
    expect((await rows.read(1)).state).toBe('Packing')
  })

  it('do not take a second place while an open sector has room', async () => {
    for (const piece of [await small(256), await small(256), await small(256)]) await admit(piece)
    expect(await inFlight()).toBe(1)
    expect(await rows.db.selectFrom('sectors').selectAll().execute()).toHaveLength(1)
  })

  it('wait in an open sector until wait_deals is over', async () => {
    await admit(await small(256))
    await rows.advance(1)
    expect(await rows.read(1)).toMatchObject({ state: 'WaitDeals' })
    expect((await rows.waiting(await rows.read(1)))?.for).toContain('sectors seal closes it now')
    rows.nowMs += rows.waitDealsMs
    await rows.advance(1)
    expect((await rows.read(1)).state).toBe('Packing')
  })

  it('do not wait when a start epoch is near: sealing takes its time', async () => {
    await admit(await small(256, { start_epoch: 1_000 + 960 }))
    await rows.advance(1)
    expect((await rows.read(1)).state).toBe('WaitDeals')
    rows.facts.learnHead(1_001)
    await rows.advance(1)
    expect((await rows.read(1)).state).toBe('Packing')
    const [line] = await rows.db.selectFrom('history').selectAll().where('event', '=', 'closed').execute()
    expect(line?.detail).toBe('start epoch 1960 is near (now 1001)')
  })
})

describe('sector numbers', () => {
  it('are above everything that was ever used: our rows, the workers’ files', async () => {
    await rows.db
      .insertInto('workers')
      .values({
        worker_id: 'w',
        hostname: 'h',
        version: '1',
        prover: 'trapdoor',
        tasks: '[]',
        concurrency: '{}',
        paths: '[]',
        last_seen_ms: 0,
        session: '',
        highest_sector: 41,
        stage: null,
        fraction: null,
      })
      .execute()
    const piece = await rows.piece('Published')
    await admit(piece)
    expect((await sectorOf(piece)).sector_number).toBe(42)
  })

  it('are not taken from a stock that a restored backup brings back', async () => {
    await rows.db.insertInto('spare_numbers').values({ sector_number: 7, coordinator_epoch: 1 }).execute()
    const path = rows.dir
    await rows.close()
    rows = await Rows.open(path)
    const piece = await rows.piece('Published')
    await admit(piece)
    expect((await sectorOf(piece)).sector_number).toBe(1)
    expect(rows.miner.asked).toEqual(['number 1'])
  })
})
