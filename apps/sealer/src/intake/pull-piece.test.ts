import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pieceCid } from '@sealane/actors'
import {
  createAuthority,
  type FileServer,
  type Identity,
  issueCertificate,
  loadIdentity,
  serveFiles,
} from '@sealane/host'
import { CommPHasher } from '@sealane/pieces'
import { writing } from '@sealane/sql'
import { temporaryDirectory } from '@sealane/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { dirsOf, piecePath } from '../hub/hub-paths.js'
import { partPath, retirePiece } from '../hub/retire.js'
import type { Piece } from '../sealer-db.js'
import { Rows } from '../testing/rows.js'
import { pullPiece } from './pull-piece.js'

const dir = temporaryDirectory()
const abroad = join(dir, 'abroad')
const { signal } = new AbortController()
let tls: Identity
let server: FileServer
let rows: Rows
let count = 0

beforeAll(async () => {
  const certificates = join(dir, 'tls')
  await createAuthority(certificates)
  for (const role of ['provider', 'sealer']) await issueCertificate(certificates, { role })
  tls = loadIdentity(certificates, 'sealer')
  mkdirSync(abroad)
  const find = async (path: string) => join(abroad, path.split('/')[2] ?? '')
  const provider = loadIdentity(certificates, 'provider')
  server = await serveFiles({ host: '127.0.0.1', port: 0, tls: provider, roles: ['sealer'], find })
})
beforeEach(async () => {
  rows = await Rows.open(`${dir}/${++count}`)
})
afterEach(() => rows.close())
afterAll(() => server.close())

const options = () => ({
  dirs: dirsOf(rows.dir),
  piecesUrl: `https://127.0.0.1:${server.port}`,
  tls,
  signal,
})
const pull = (piece: Piece) => pullPiece(piece, options())

/** A deal for these bytes; the provider serves `served` in their place. */
async function deal(bytes: Uint8Array, served = bytes, facts: Partial<Piece> = {}): Promise<Piece> {
  const { commP, paddedSize } = new CommPHasher().write(bytes).digest()
  const piece_cid = pieceCid(commP)
  writeFileSync(join(abroad, piece_cid), served)
  const sizes = { piece_size: Number(paddedSize), payload_size: bytes.length }
  return await rows.piece('Pulling', { piece_cid, ...sizes, ...facts })
}

const path = (piece: Piece) => piecePath(dirsOf(rows.dir).pieces, piece)
const bytes = () => new Uint8Array(randomBytes(2000))

describe('pulling a piece home', () => {
  it('goes on from what is here already', async () => {
    const payload = bytes()
    const piece = await deal(payload)
    mkdirSync(dirsOf(rows.dir).pieces)
    writeFileSync(partPath(path(piece), piece.deal_uuid), payload.subarray(0, 900))
    await pull(piece)
    expect(existsSync(path(piece))).toBe(true)
  })

  it('drops a deal whose bytes are not its piece; they go to the trash', async () => {
    const piece = await deal(bytes(), bytes())
    await expect(pull(piece)).rejects.toMatchObject({ code: 'PIECE_WRONG', remedy: 'drop' })
    expect(readdirSync(dirsOf(rows.dir).pieces)).toEqual([])
  })

  it('starts over when our own half may be what is wrong, and then succeeds', async () => {
    const piece = await deal(bytes())
    mkdirSync(dirsOf(rows.dir).pieces)
    writeFileSync(partPath(path(piece), piece.deal_uuid), new Uint8Array(900))
    await expect(pull(piece)).rejects.toMatchObject({ code: 'PIECE_DAMAGED', remedy: 'retry' })
    await pull(piece)
    expect(existsSync(path(piece))).toBe(true)
  })

  it('keeps payloads apart that differ only in trailing zeros: they have one piece CID', async () => {
    const long = new Uint8Array(2000)
    long.set(bytes().subarray(0, 1500))
    const [short, full] = [await deal(long.subarray(0, 1500)), await deal(long)]
    expect(full.piece_cid).toBe(short.piece_cid)
    expect(path(full)).not.toBe(path(short))
  })
})

describe('a piece’s bytes', () => {
  it('stay while another deal needs them, and go to the trash with the last', async () => {
    const payload = bytes()
    const first = await deal(payload, payload, { state: 'Dropped' })
    const second = await deal(payload)
    await pull(second)
    const retire = () => retirePiece(first, rows.db, dirsOf(rows.dir), 'test')
    await retire()
    expect(existsSync(path(first))).toBe(true)
    await rows.db.updateTable('pieces').set({ state: 'Dropped' }).execute()
    await retire()
    expect(existsSync(path(first))).toBe(false)
  })

  it('that come for a deal which was dropped meanwhile do not stay', async () => {
    const piece = await deal(bytes())
    const read = rows.pieces.read.bind(rows.pieces)
    // The step has read its row, and the withdrawal comes before the first byte.
    vi.spyOn(rows.pieces, 'read').mockImplementationOnce(async (dealUuid) => {
      const before = await read(dealUuid)
      await writing(rows.db, (trx) => rows.pieces.move(trx, piece, 'dropped', {}, { nowMs: rows.nowMs }))
      await rows.advancePiece(dealUuid)
      return before
    })
    const nudged: string[] = []
    const nudgePiece = (dealUuid: string) => void nudged.push(dealUuid)
    expect(await rows.advancePiece(piece.deal_uuid, { pull: options(), nudgePiece })).toBe(false)
    for (const dealUuid of nudged) await rows.advancePiece(dealUuid)
    expect(readdirSync(dirsOf(rows.dir).pieces)).toEqual([])
  })

  it('of a dropped deal go when its row is looked at, and the row goes on saying why', async () => {
    const piece = await deal(bytes(), undefined, { start_epoch: 900 })
    mkdirSync(dirsOf(rows.dir).pieces)
    writeFileSync(path(piece), '')
    await rows.advancePiece(piece.deal_uuid)
    await rows.advancePiece(piece.deal_uuid)
    expect(existsSync(path(piece))).toBe(false)
    expect((await rows.failure(piece))?.code).toBe('DEAL_EXPIRED')
  })
})
