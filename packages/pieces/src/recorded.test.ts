import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { installedKernels, installKernels } from '@sealane/crypto'
import { useNativeCrypto } from '@sealane/crypto/native'
import { paddedSize, toPadded, toUnpadded, UnitsError, unpaddedSize } from '@sealane/fil-units'
import { CID } from 'multiformats/cid'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  aggregatePieces,
  blockMatchesCid,
  CommPHasher,
  commD,
  commPMatches,
  fr32Pad,
  fr32Unpad,
  PieceError,
  padCommP,
  paddedSizeFor,
  readCar,
  requiredPadding,
  sectorLayout,
  unpaddedSizeFor,
  zeroCommitment,
} from './index.js'

interface VectorCase {
  kind: string
  name?: string
}

/** All cases of a vector file: this package's copy, or one in the folder that SEALANE_VECTORS names. */
function casesOf(file: string): VectorCase[] {
  const folder = process.env.SEALANE_VECTORS ?? join(import.meta.dirname, '../test/vectors')
  return (JSON.parse(readFileSync(join(folder, file), 'utf8')) as { cases: VectorCase[] }).cases
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const size = (n: number | string) => paddedSize(BigInt(n))

/** The vectors' data stream: SHA-256 of the seed and a counter, over and over. */
function stream(seed: string, length: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(length / 32) * 32)
  const counter = Buffer.alloc(8)
  for (let at = 0; at < length; at += 32) {
    counter.writeBigUInt64BE(BigInt(at / 32))
    out.set(createHash('sha256').update(seed).update(counter).digest(), at)
  }
  return out.subarray(0, length)
}

/** The commitment inside a piece CID (version 1, fil-commitment-unsealed, sha2-256-trunc254-padded). */
const commitmentOf = (pieceCid: string): Uint8Array => CID.parse(pieceCid).multihash.digest

// Sector sizes by registered seal proof. Source: filecoin-project/go-state-types abi/sector.go.
const sizesInProofOrder = [2048, 8 << 20, 512 << 20, 32 * 2 ** 30, 64 * 2 ** 30]
function sectorSizeOf(proofType: number) {
  const bytes = proofType < 20 ? sizesInProofOrder[proofType % 5] : undefined
  return bytes === undefined ? undefined : size(bytes)
}

interface Outcome {
  ok: boolean
  code?: string
}
function outcome(run: () => unknown): Outcome {
  try {
    run()
    return { ok: true }
  } catch (error) {
    if (!(error instanceof PieceError) && !(error instanceof UnitsError)) throw error
    return { ok: false, code: error.code }
  }
}

interface CommPCase extends VectorCase {
  seed: string
  size: number
  data_sha256: string
  unpadded_piece_size: number
  ok: boolean
  error?: string
  padded_piece_size: number
  commp: string
  inflated_to: number
  byte: number
}
interface PadCase extends VectorCase {
  commp: string
  source_padded: number
  target_padded: number
  ok: boolean
  result: string
}
interface ZeroCase extends VectorCase {
  padded_size: number
  unpadded_size: number
  commitment: string
}
interface SizeCase extends VectorCase {
  value: number
  unpadded_to_padded: number
  padded_to_unpadded: number
  unpadded_valid: boolean
  unpadded_error: string | null
  padded_valid: boolean
  padded_error: string | null
  padreader_unpadded: number
  payload: number
  unpadded_piece_size: number
  padded_piece_size: number
}
interface LayoutCase extends VectorCase {
  old_length: number
  new_piece_length: number
  pad_pieces: number[]
  sum: number
  proof_type: number
  sector_size: number
  pieces: { size: number; piece_cid: string }[]
  ok: boolean
  aggregate_cid: string
  aggregate_padded_size: number
  layout_with_zero_fill: { offset: number; size: number; piece_cid: string }[]
  commd: string
}
interface Fr32Case extends VectorCase {
  unpadded: string
  padded: string
}

const piecesOf = (c: LayoutCase) =>
  c.pieces.map((piece) => ({ commP: commitmentOf(piece.piece_cid), paddedSize: size(piece.size) }))

const commPChecks = {
  commp: (c: CommPCase) => {
    const data = stream(c.seed, c.size)
    expect(createHash('sha256').update(data).digest('hex')).toBe(c.data_sha256)
    expect(unpaddedSizeFor(BigInt(c.size))).toBe(BigInt(c.unpadded_piece_size))
    const hasher = new CommPHasher().write(data)
    if (!c.ok) {
      expect(() => hasher.digest()).toThrow(c.error)
      return
    }
    const digest = hasher.digest()
    expect(digest).toEqual({
      commP: bytesOf(c.commp),
      paddedSize: BigInt(c.padded_piece_size),
      payloadSize: BigInt(c.size),
    })
    expect(commPMatches(digest, bytesOf(c.commp), size(c.padded_piece_size))).toBe(true)
    expect(commPMatches(digest, bytesOf(c.commp), size(2 * c.padded_piece_size))).toBe(false)
  },
  commp_inflated: (c: CommPCase) => {
    const data = new Uint8Array(c.inflated_to)
    data.set(stream(c.seed, c.size))
    const digest = new CommPHasher().write(data).digest()
    expect([hex(digest.commP), digest.paddedSize]).toEqual([c.commp, BigInt(c.padded_piece_size)])
  },
  commp_constant: (c: CommPCase) => {
    const digest = new CommPHasher().write(new Uint8Array(c.size).fill(c.byte)).digest()
    expect([hex(digest.commP), digest.paddedSize]).toEqual([c.commp, BigInt(c.padded_piece_size)])
  },
  pad_commp: (c: PadCase) => {
    const run = () => padCommP(bytesOf(c.commp), size(c.source_padded), size(c.target_padded))
    expect(outcome(run).ok).toBe(c.ok)
    if (c.ok) expect(hex(run())).toBe(c.result)
  },
  zero_commitment: (c: ZeroCase) => {
    expect(hex(zeroCommitment(size(c.padded_size)))).toBe(c.commitment)
    expect(toUnpadded(size(c.padded_size))).toBe(BigInt(c.unpadded_size))
  },
  size_math: (c: SizeCase) => {
    const value = BigInt(c.value)
    const unpadded = outcome(() => unpaddedSize(value))
    expect(unpadded.ok).toBe(c.unpadded_valid)
    if (c.unpadded_error !== null) expect(() => unpaddedSize(value)).toThrow(c.unpadded_error)
    if (unpadded.ok) expect(toPadded(unpaddedSize(value))).toBe(BigInt(c.unpadded_to_padded))
    const padded = outcome(() => paddedSize(value))
    expect(padded.ok).toBe(c.padded_valid)
    if (c.padded_error !== null) expect(() => paddedSize(value)).toThrow(c.padded_error)
    if (padded.ok) expect(toUnpadded(paddedSize(value))).toBe(BigInt(c.padded_to_unpadded))
    expect(unpaddedSizeFor(value)).toBe(BigInt(c.padreader_unpadded))
  },
  padreader: (c: SizeCase) => {
    expect(unpaddedSizeFor(BigInt(c.payload))).toBe(BigInt(c.unpadded_piece_size))
    expect(paddedSizeFor(BigInt(c.payload))).toBe(BigInt(c.padded_piece_size))
  },
  required_padding: (c: LayoutCase) => {
    const fill = requiredPadding(BigInt(c.old_length), size(c.new_piece_length))
    expect(fill).toEqual(c.pad_pieces.map(BigInt))
    expect(fill.reduce((sum, each) => sum + each, 0n)).toBe(BigInt(c.sum))
  },
  piece_aggregate: (c: LayoutCase) => {
    const sectorSize = sectorSizeOf(c.proof_type)
    if (sectorSize === undefined) {
      expect(c.ok).toBe(false)
      return
    }
    const run = () => aggregatePieces(piecesOf(c), sectorSize)
    expect(outcome(run).ok).toBe(c.ok)
    if (!c.ok) return
    expect(run()).toEqual({
      commP: commitmentOf(c.aggregate_cid),
      paddedSize: BigInt(c.aggregate_padded_size),
    })
  },
  sector_commd: (c: LayoutCase) => {
    expect(sectorSizeOf(c.proof_type)).toBe(BigInt(c.sector_size))
    const sectorSize = size(c.sector_size)
    expect(hex(commD(piecesOf(c), sectorSize))).toBe(hex(commitmentOf(c.commd)))
    const layout = sectorLayout(
      c.pieces.map((piece) => size(piece.size)),
      sectorSize,
    )
    const commitment = (slot: (typeof layout)[number]) =>
      slot.piece === undefined ? zeroCommitment(slot.size) : piecesOf(c)[slot.piece]?.commP
    expect(layout.map((slot) => [slot.offset, slot.size, commitment(slot)])).toEqual(
      c.layout_with_zero_fill.map((slot) => [
        BigInt(slot.offset),
        BigInt(slot.size),
        commitmentOf(slot.piece_cid),
      ]),
    )
  },
  fr32: (c: Fr32Case) => {
    expect(hex(fr32Pad(bytesOf(c.unpadded)))).toBe(c.padded)
    expect(hex(fr32Unpad(bytesOf(c.padded)))).toBe(c.unpadded)
  },
  fr32_unpad: (c: Fr32Case) => expect(hex(fr32Unpad(bytesOf(c.padded)))).toBe(c.unpadded),
}

interface CarCase extends VectorCase {
  car: string
  ok: boolean
  read: {
    version?: number
    roots?: string[]
    blocks?: { cid: string; length: number; sha256: string }[]
    blocks_before_error?: number
  }
  inspect?: { block_count: number; roots_present: boolean }
}
interface IndexCase extends VectorCase {
  car_v1: string
  ok: boolean
  entries_in_iteration_order: { multihash: string; offset: number }[] | null
}
interface UnixFsCase extends VectorCase {
  root: string
  root_block: string
  blocks_in_write_order: { cid: string; hex: string }[]
}

/** A CAR read to its end or its first error, handed over in chunks of `chunkBytes`. */
async function readAll(car: Uint8Array, chunkBytes: number) {
  const chunks = Array.from({ length: Math.ceil(car.length / chunkBytes) }, (_, at) =>
    car.subarray(at * chunkBytes, (at + 1) * chunkBytes),
  )
  const blocks: { cid: CID; bytes: Uint8Array; sectionOffset: number }[] = []
  let header: { version: number; roots: string[] } | undefined
  try {
    const reading = await readCar(chunks)
    header = { version: reading.version, roots: reading.roots.map(String) }
    for await (const block of reading.blocks) blocks.push(block)
    return { ok: true, header, blocks }
  } catch (error) {
    if (!(error instanceof PieceError)) throw error
    return { ok: false, header, blocks }
  }
}

/** Identity CIDs are their own data: an index leaves them out. */
const identityCode = 0

const carChecks = {
  car: async (c: CarCase) => {
    for (const chunkBytes of [1, 7, 1 << 20]) {
      const { ok, header, blocks } = await readAll(bytesOf(c.car), chunkBytes)
      expect(ok).toBe(c.ok)
      if (c.read.version !== undefined) {
        expect(header).toEqual({ version: c.read.version, roots: c.read.roots })
      }
      if (!c.ok) {
        expect(blocks.length).toBe(c.read.blocks_before_error ?? 0)
        continue
      }
      const seen = blocks.map(({ cid, bytes }) => ({
        cid: cid.toString(),
        length: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      }))
      expect(seen).toEqual(c.read.blocks)
      if (c.inspect !== undefined) {
        expect(blocks.length).toBe(c.inspect.block_count)
        const present = new Set(seen.map((block) => block.cid))
        expect(header?.roots.every((root) => present.has(root))).toBe(c.inspect.roots_present)
      }
    }
  },
  index: async (c: IndexCase) => {
    const { ok, blocks } = await readAll(bytesOf(c.car_v1), 1 << 20)
    expect(ok).toBe(c.ok)
    const entries = blocks
      .filter(({ cid }) => cid.multihash.code !== identityCode)
      .map(({ cid, sectionOffset }) => ({ multihash: hex(cid.multihash.bytes), offset: sectionOffset }))
    const byOffset = (a: { offset: number }, b: { offset: number }) => a.offset - b.offset
    expect(entries.toSorted(byOffset)).toEqual((c.entries_in_iteration_order ?? []).toSorted(byOffset))
  },
  unixfs_file: async (c: UnixFsCase) => {
    for (const block of c.blocks_in_write_order) {
      expect(blockMatchesCid(CID.parse(block.cid), bytesOf(block.hex))).toBe(true)
    }
    expect(c.blocks_in_write_order.at(-1)?.cid).toBe(c.root)
  },
  unixfs_dir: async (c: UnixFsCase) => {
    expect(blockMatchesCid(CID.parse(c.root), bytesOf(c.root_block))).toBe(true)
  },
}

function runAll(file: string, checks: Record<string, (c: never) => unknown>): void {
  it.each(casesOf(file).map((c, at) => [at, c.kind, c.name ?? '', c] as const))(
    `${file} %i %s %s`,
    async (_at, kind, _name, c) => {
      const check = checks[kind]
      if (check === undefined) throw new Error(`no check for cases of kind ${kind}`)
      await check(c as never)
    },
  )
}

// Both roads, where this machine has built the addon.
useNativeCrypto()
const addon = installedKernels()

describe('with plain JavaScript, as recorded', () => {
  beforeAll(() => installKernels(undefined))
  runAll('commp.json', commPChecks)
  runAll('car.json', carChecks)
})

describe.runIf(addon !== undefined)('with the addon, as recorded', () => {
  beforeAll(() => installKernels(addon))
  runAll('commp.json', commPChecks)
})
