import { createHash } from 'node:crypto'
import { installedKernels, installKernels } from '@sealane/crypto'
import { useNativeCrypto } from '@sealane/crypto/native'
import { paddedSize, toPadded, toUnpadded, UnitsError, unpaddedSize } from '@sealane/fil-units'
import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { CID } from 'multiformats/cid'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  aggregatePieces,
  type CommPDigest,
  CommPHasher,
  CommPWriter,
  commD,
  commPMatches,
  fr32Pad,
  fr32Unpad,
  PieceError,
  padCommP,
  paddedSizeFor,
  requiredPadding,
  sectorLayout,
  unpaddedSizeFor,
  zeroCommitment,
} from '../src/index.js'

const recorded = recordedCases(import.meta.filename, 'commp.json')

// Both roads, where this machine has built the addon.
const native = useNativeCrypto()
const addon = installedKernels()
const roads = [
  ['plain JavaScript', undefined] as const,
  ...(addon === undefined ? [] : [['the addon', addon] as const]),
]
if (!native.native) console.warn(`the crypto addon is not run here: ${native.reason}`)

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

interface CommPCase extends RecordedCase {
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
interface PadCase extends RecordedCase {
  commp: string
  source_padded: number
  target_padded: number
  ok: boolean
  result: string
}
interface ZeroCase extends RecordedCase {
  padded_size: number
  unpadded_size: number
  commitment: string
}
interface SizeCase extends RecordedCase {
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
interface LayoutCase extends RecordedCase {
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
interface Fr32Case extends RecordedCase {
  unpadded: string
  padded: string
}

const piecesOf = (c: LayoutCase) =>
  c.pieces.map((piece) => ({ commP: commitmentOf(piece.piece_cid), paddedSize: size(piece.size) }))

/** The same payload by the road that files and sockets take, in chunks of odd sizes. */
async function written(data: Uint8Array): Promise<CommPDigest> {
  const writer = new CommPWriter()
  for (let at = 0; at < data.length; at += 70_001) await writer.write(data.subarray(at, at + 70_001))
  return await writer.digest()
}

const checks: Record<string, (c: never) => unknown> = {
  commp: async (c: CommPCase) => {
    const data = stream(c.seed, c.size)
    expect(createHash('sha256').update(data).digest('hex')).toBe(c.data_sha256)
    expect(unpaddedSizeFor(BigInt(c.size))).toBe(BigInt(c.unpadded_piece_size))
    const hasher = new CommPHasher().write(data)
    if (!c.ok) {
      expect(() => hasher.digest()).toThrow(c.error)
      await expect(written(data)).rejects.toThrow(c.error)
      return
    }
    const digest = hasher.digest()
    expect(digest).toEqual({
      commP: bytesOf(c.commp),
      paddedSize: BigInt(c.padded_piece_size),
      payloadSize: BigInt(c.size),
    })
    expect(await written(data)).toEqual(digest)
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

describe.each(roads)('commP and fr32 with %s, as recorded', (_road, kernels) => {
  beforeAll(() => installKernels(kernels))
  describe.each(Object.entries(checks))('%s', (kind, check) => {
    it.each(recorded(kind).map((c, at) => [at, c.name ?? '', c] as const))('%i %s', async (_at, _name, c) => {
      await check(c as never)
    })
  })
})
