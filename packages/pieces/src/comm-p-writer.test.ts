import { installedKernels, installKernels } from '@sealane/crypto'
import { useNativeCrypto } from '@sealane/crypto/native'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommPHasher, CommPWriter, fr32Pad, fr32Unpad, PieceError } from './index.js'

useNativeCrypto()
const addon = installedKernels()
const roads = [
  ['plain JavaScript', undefined] as const,
  ...(addon === undefined ? [] : [['the addon', addon] as const]),
]
afterAll(() => installKernels(undefined))

function noise(length: number): Uint8Array {
  let state = length + 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

/** What plain JavaScript says. */
function plainly<T>(compute: () => T): T {
  const kernels = installedKernels()
  installKernels(undefined)
  try {
    return compute()
  } finally {
    installKernels(kernels)
  }
}

describe.each(roads)('commP of a stream, with %s', (_, kernels) => {
  beforeAll(() => installKernels(kernels))

  it.each([65, 127, 128, 1_040_384, 1_040_385, 3_000_000])('is the commP of its %i bytes', async (length) => {
    const payload = noise(length)
    const expected = plainly(() => new CommPHasher().write(payload).digest())
    for (const threads of [0, 1, 3]) {
      const writer = new CommPWriter(threads)
      for (let at = 0; at < length; at += 65_536) await writer.write(payload.subarray(at, at + 65_536))
      expect(await writer.digest()).toEqual(expected)
    }
  })

  it('does not depend on how the bytes are cut into chunks, nor on what becomes of a chunk afterwards', async () => {
    const payload = noise(2_500_000)
    const expected = plainly(() => new CommPHasher().write(payload).digest())
    const cuts = fc.array(fc.integer({ min: 0, max: payload.length }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(cuts, async (points) => {
        const writer = new CommPWriter(2)
        let from = 0
        for (const to of [...points.toSorted((a, b) => a - b), payload.length]) {
          const chunk = payload.slice(from, to)
          await writer.write(chunk)
          chunk.fill(0)
          from = to
        }
        expect(await writer.digest()).toEqual(expected)
      }),
      { numRuns: 10 },
    )
  })

  it('takes a chunk larger than what it keeps, and many payloads at once', async () => {
    const payload = noise(12_000_000)
    const expected = plainly(() => new CommPHasher().write(payload).digest())
    const all = Array.from({ length: 3 }, async () => {
      const writer = new CommPWriter(1)
      await writer.write(payload)
      return await writer.digest()
    })
    expect(await Promise.all(all)).toEqual([expected, expected, expected])
  })

  it('is not defined below 65 bytes', async () => {
    const writer = new CommPWriter()
    await writer.write(new Uint8Array(64))
    await expect(writer.digest()).rejects.toThrow(PieceError)
  })

  it('fr32 expands and contracts alike, also what is corrupt', () => {
    const groups = fc.nat({ max: 9 })
    const bytes = (each: number) =>
      groups.chain((count) => fc.uint8Array({ minLength: count * each, maxLength: count * each }))
    fc.assert(
      fc.property(bytes(127), bytes(128), (payload, corrupt) => {
        const padded = fr32Pad(payload)
        expect(padded).toEqual(plainly(() => fr32Pad(payload)))
        expect(fr32Unpad(padded)).toEqual(payload)
        expect(fr32Unpad(corrupt)).toEqual(plainly(() => fr32Unpad(corrupt)))
      }),
    )
  })
})
