import { createHash } from 'node:crypto'
import { paddedSize } from '@sealane/fil-units'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CommPHasher, commPMatches, fr32Pad, padCommP, paddedSizeFor, zeroCommitment } from './index.js'

/** The definition, word for word and slow: zero-fill, expand, hash pairs until one node is left. */
function commPByDefinition(payload: Uint8Array): Uint8Array {
  const size = Number(paddedSizeFor(BigInt(payload.length)))
  const filled = new Uint8Array((size / 128) * 127)
  filled.set(payload)
  let level = fr32Pad(filled)
  while (level.length > 32) {
    const next = new Uint8Array(level.length / 2)
    for (let at = 0; at < level.length; at += 64) {
      const node = createHash('sha256')
        .update(level.subarray(at, at + 64))
        .digest()
      node[31] = (node[31] ?? 0) & 0x3f
      next.set(node, at / 2)
    }
    level = next
  }
  return level
}

function noise(length: number): Uint8Array {
  let state = length + 1
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 24
  })
}

const batchBytes = 2048 * 127

describe('commP', () => {
  it('is what its definition says, for any payload', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 65, maxLength: 3000 }), (payload) => {
        expect(new CommPHasher().write(payload).digest().commP).toEqual(commPByDefinition(payload))
      }),
    )
  })

  it.each([
    65,
    127,
    128,
    batchBytes - 1,
    batchBytes,
    batchBytes + 1,
    batchBytes + 300,
    2 * batchBytes,
    2 * batchBytes + 1,
    3 * batchBytes - 127,
    4 * batchBytes + 128,
    5 * batchBytes,
  ])('is right around the borders of a batch: %i bytes', (length) => {
    const payload = noise(length)
    const { commP, paddedSize, payloadSize } = new CommPHasher().write(payload).digest()
    expect(commP).toEqual(commPByDefinition(payload))
    expect(paddedSize).toBe(paddedSizeFor(BigInt(length)))
    expect(payloadSize).toBe(BigInt(length))
  })

  it('does not depend on how the bytes are cut into chunks', () => {
    const payload = noise(2 * batchBytes + 12_345)
    const whole = new CommPHasher().write(payload).digest()
    const cuts = fc.array(fc.integer({ min: 0, max: payload.length }), { maxLength: 30 })
    fc.assert(
      fc.property(cuts, (points) => {
        const hasher = new CommPHasher()
        let from = 0
        for (const to of [...points.toSorted((a, b) => a - b), payload.length]) {
          hasher.write(payload.subarray(from, to))
          from = to
        }
        expect(hasher.digest()).toEqual(whole)
      }),
      { numRuns: 20 },
    )
  })

  it('can be asked midway, and goes on', () => {
    const payload = noise(batchBytes + 1000)
    const hasher = new CommPHasher().write(payload.subarray(0, 500))
    expect(hasher.digest()).toEqual(new CommPHasher().write(payload.subarray(0, 500)).digest())
    expect(hasher.write(payload.subarray(500)).digest()).toEqual(new CommPHasher().write(payload).digest())
  })

  it('keeps no reference to the chunk', () => {
    const chunk = noise(100)
    const hasher = new CommPHasher().write(chunk)
    const { commP } = hasher.digest()
    chunk.fill(0)
    expect(hasher.digest().commP).toEqual(commP)
  })

  it('of zeros is the zero commitment', () => {
    const digest = new CommPHasher().write(new Uint8Array(3 * batchBytes)).digest()
    expect(digest.commP).toEqual(zeroCommitment(digest.paddedSize))
  })

  it('matches a proposal at its own size or padded, and nothing else', () => {
    const digest = new CommPHasher().write(noise(1000)).digest()
    const larger = paddedSize(8192n)
    expect(commPMatches(digest, padCommP(digest.commP, digest.paddedSize, larger), larger)).toBe(true)
    expect(commPMatches(digest, digest.commP, larger)).toBe(false)
    expect(commPMatches(digest, digest.commP, paddedSize(512n))).toBe(false)
    expect(commPMatches(digest, digest.commP.subarray(1), digest.paddedSize)).toBe(false)
  })
})
