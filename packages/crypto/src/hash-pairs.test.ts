import { blake2b } from '@noble/hashes/blake2.js'
import { sha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blake2b32bits, blake2b160, blake2b256, CryptoError, hashPairs, hashPairsInto } from './index.js'

describe('hashes', () => {
  it('hash pairs of nodes with SHA-256, the top two bits cleared', () => {
    const pairs = fc
      .integer({ min: 0, max: 40 })
      .chain((count) => fc.uint8Array({ minLength: count * 64, maxLength: count * 64 }))
    fc.assert(
      fc.property(pairs, (input) => {
        const output = hashPairs(input)
        for (let at = 0; at < input.length; at += 64) {
          const expected = sha256(input.subarray(at, at + 64))
          expected[31] = (expected[31] ?? 0) & 0x3f
          expect(output.subarray(at / 2, at / 2 + 32)).toEqual(expected)
        }
      }),
    )
  })

  it('refuse lengths that are no pairs', () => {
    expect(() => hashPairsInto(new Uint8Array(63), new Uint8Array(32))).toThrow(CryptoError)
    expect(() => hashPairsInto(new Uint8Array(64), new Uint8Array(33))).toThrow(CryptoError)
  })

  it('are blake2b in each of the three lengths', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (input) => {
        expect(blake2b256(input)).toEqual(blake2b(input, { dkLen: 32 }))
        expect(blake2b160(input)).toEqual(blake2b(input, { dkLen: 20 }))
        expect(blake2b32bits(input)).toEqual(blake2b(input, { dkLen: 4 }))
      }),
    )
  })
})
