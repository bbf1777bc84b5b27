import { type PaddedSize, paddedSize } from '@sealane/fil-units'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  CommPHasher,
  commD,
  fr32Pad,
  fr32Unpad,
  PieceError,
  packPieces,
  padCommP,
  sectorLayout,
  usedBytes,
  zeroCommitment,
} from './index.js'

const sector = paddedSize(16_384n)
const sizes = fc.integer({ min: 7, max: 12 }).map((power) => paddedSize(1n << BigInt(power)))

/** As many of the sizes as fit the sector, in order. */
function fitting(wanted: readonly PaddedSize[]): PaddedSize[] {
  const taken: PaddedSize[] = []
  for (const size of wanted) {
    if (packPieces(taken, size, sector) !== undefined) taken.push(size)
  }
  return taken
}

describe('a sector’s layout', () => {
  it('starts each piece at a multiple of its size, without gaps or overlaps', () => {
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 20 }), (wanted) => {
        const pieces = fitting(wanted)
        const slots = sectorLayout(pieces, sector)
        let end = 0n
        for (const slot of slots) {
          expect(slot.offset).toBe(end)
          expect(slot.offset % slot.size).toBe(0n)
          end += slot.size
        }
        expect(slots.flatMap((slot) => (slot.piece === undefined ? [] : [slot.size]))).toEqual(pieces)
        expect(usedBytes(pieces, sector)).toBe(end)
        expect(end <= sector).toBe(true)
      }),
    )
  })

  it('commits to the very bytes that the sector will hold', () => {
    fc.assert(
      fc.property(fc.array(sizes, { minLength: 1, maxLength: 6 }), fc.nat({ max: 255 }), (wanted, seed) => {
        const pieces = fitting(wanted)
        const payloads = pieces.map((size, at) =>
          new Uint8Array(Number((size / 128n) * 127n)).fill((seed + at * 37) & 0xff),
        )
        const data = new Uint8Array(Number((sector / 128n) * 127n))
        for (const slot of sectorLayout(pieces, sector)) {
          const payload = slot.piece === undefined ? undefined : payloads[slot.piece]
          if (payload !== undefined) data.set(payload, Number((slot.offset / 128n) * 127n))
        }
        const manifests = payloads.map((payload) => new CommPHasher().write(payload).digest())
        expect(commD(manifests, sector)).toEqual(new CommPHasher().write(data).digest().commP)
      }),
    )
  })

  it('refuses pieces that do not fit, and commits to zeros without any', () => {
    expect(packPieces([sector], paddedSize(128n), sector)).toBeUndefined()
    expect(() => sectorLayout([sector, paddedSize(128n)], sector)).toThrow(PieceError)
    expect(commD([], sector)).toEqual(zeroCommitment(sector))
    expect(() => padCommP(zeroCommitment(sector), sector, paddedSize(128n))).toThrow(PieceError)
  })
})

describe('fr32', () => {
  it('gives back the payload it expanded, and leaves two bits of each element zero', () => {
    const payloads = fc
      .integer({ min: 0, max: 9 })
      .chain((groups) => fc.uint8Array({ minLength: groups * 127, maxLength: groups * 127 }))
    fc.assert(
      fc.property(payloads, (payload) => {
        const padded = fr32Pad(payload)
        for (let last = 31; last < padded.length; last += 32) expect((padded[last] ?? 0) & 0xc0).toBe(0)
        expect(fr32Unpad(padded)).toEqual(payload)
      }),
    )
  })

  it('refuses lengths that are no groups', () => {
    expect(() => fr32Pad(new Uint8Array(128))).toThrow(PieceError)
    expect(() => fr32Unpad(new Uint8Array(127))).toThrow(PieceError)
  })
})
