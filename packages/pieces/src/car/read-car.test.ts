import { createHash } from 'node:crypto'
import { encode } from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { describe, expect, it } from 'vitest'
import { PieceError } from '../piece-error.js'
import { readCar } from './read-car.js'

const rawCode = 0x55
const sha256Code = 0x12

function varint(n: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = n; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.of(...bytes, rest)
    bytes.push((rest % 128) | 0x80)
  }
}

const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
const measured = (bytes: Uint8Array): Uint8Array => joined(varint(bytes.length), bytes)
const cidOf = (block: Uint8Array): CID =>
  CID.createV1(rawCode, createDigest(sha256Code, createHash('sha256').update(block).digest()))
const section = (block: Uint8Array): Uint8Array => measured(joined(cidOf(block).bytes, block))
const header = measured(encode({ version: 1, roots: [] }))

function carV2(data: Uint8Array, gap = 0): Uint8Array {
  const fixed = Buffer.alloc(40)
  fixed.writeBigUInt64LE(BigInt(51 + gap), 16)
  fixed.writeBigUInt64LE(BigInt(data.length), 24)
  return joined(measured(encode({ version: 2 })), fixed, new Uint8Array(gap), data)
}

async function blocksOf(car: Uint8Array, options?: { verify: boolean }): Promise<Uint8Array[]> {
  const reading = await readCar([car], options)
  const blocks: Uint8Array[] = []
  for await (const { bytes } of reading.blocks) blocks.push(bytes)
  return blocks
}

async function codeOf(car: Uint8Array): Promise<string | undefined> {
  try {
    await blocksOf(car)
    return undefined
  } catch (error) {
    if (!(error instanceof PieceError)) throw error
    return error.code
  }
}

describe('reading a CAR', () => {
  it('gives back the blocks that were written, in either version', async () => {
    const blocks = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(blocks, fc.nat({ max: 50 }), async (written, gap) => {
        const car = joined(header, ...written.map(section))
        expect(await blocksOf(car)).toEqual(written)
        expect(await blocksOf(joined(carV2(car, gap), Uint8Array.of(1, 2, 3)))).toEqual(written)
      }),
    )
  })

  it('refuses any other bytes with a PieceError, and nothing else', async () => {
    const valid = joined(header, section(Uint8Array.of(1, 2, 3)), section(new Uint8Array(200)))
    const changed = fc
      .tuple(
        fc.constantFrom(valid, carV2(valid)),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
        fc.nat(),
      )
      .map(([car, edits, length]) => {
        const bytes = car.slice(0, 1 + (length % car.length))
        for (const [at, value] of edits) bytes[at % bytes.length] = value
        return bytes
      })
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), changed), async (car) => {
        await codeOf(car)
      }),
      { numRuns: 1000 },
    )
  })

  it('takes no header beyond 32 KiB and no section beyond 8 MiB, before reading them', async () => {
    expect(await codeOf(varint(32 * 1024 + 1))).toBe('CAR_HEADER_INVALID')
    expect(await codeOf(varint(32 * 1024))).toBe('CAR_TRUNCATED')
    expect(await codeOf(joined(header, varint(8 * 1024 * 1024 + 1)))).toBe('CAR_SECTION_INVALID')
    expect(await codeOf(joined(header, varint(8 * 1024 * 1024)))).toBe('CAR_TRUNCATED')
  })

  it('refuses unknown header fields, nested pragmas and roots that are no CIDs', async () => {
    for (const bad of [
      { version: 1, roots: [], extra: 1 },
      { version: 1, roots: ['x'] },
      { version: 1, roots: {} },
      { version: '1' },
      [1],
      null,
    ]) {
      expect(await codeOf(measured(encode(bad)))).toBe('CAR_HEADER_INVALID')
    }
    expect(await codeOf(carV2(carV2(header)))).toBe('CAR_HEADER_INVALID')
  })

  it('refuses a block that is not what its CID says, unless told not to look', async () => {
    const forged = joined(header, measured(joined(cidOf(Uint8Array.of(1)).bytes, Uint8Array.of(2))))
    expect(await codeOf(forged)).toBe('CAR_BLOCK_MISMATCH')
    expect(await blocksOf(forged, { verify: false })).toEqual([Uint8Array.of(2)])
  })

  it('asks for no more chunks once its reader has had enough', async () => {
    let closed = false
    async function* endless() {
      try {
        yield header
        for (;;) yield section(Uint8Array.of(1))
      } finally {
        closed = true
      }
    }
    const { blocks } = await readCar(endless())
    for await (const _ of blocks) break
    expect(closed).toBe(true)
  })
})
