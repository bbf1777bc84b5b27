import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blake2b160, generateKey, publicKey, type Signature, type Signer, sign, verify } from './index.js'

const bytes = fc.uint8Array({ maxLength: 200 })
const bls = generateKey('bls', new Uint8Array(32).fill(1))
const secp = generateKey('secp256k1', new Uint8Array(32).fill(2))
const blsSigner: Signer = { protocol: 3, payload: publicKey(bls) }
const secpSigner: Signer = { protocol: 1, payload: blake2b160(publicKey(secp)) }

const infinity = (length: number): Uint8Array => {
  const point = new Uint8Array(length)
  point[0] = 0xc0
  return point
}

describe('signatures', () => {
  it('verify for their signer and message only', () => {
    fc.assert(
      fc.property(bytes, (message) => {
        const other = Uint8Array.of(...message, 0)
        for (const [key, signer] of [
          [bls, blsSigner],
          [secp, secpSigner],
        ] as const) {
          const signature = sign(key, message)
          expect(verify(signature, signer, message)).toBe(true)
          expect(verify(signature, signer, other)).toBe(false)
        }
      }),
      { numRuns: 5 },
    )
  })

  it('are the same each time: no randomness', () => {
    const message = new TextEncoder().encode('twice')
    expect(sign(secp, message)).toEqual(sign(secp, message))
    expect(sign(bls, message)).toEqual(sign(bls, message))
  })

  it('never make verify throw, whatever bytes arrive', () => {
    const signatures = fc.record({
      type: fc.constantFrom(1, 2, 3) as fc.Arbitrary<1 | 2 | 3>,
      data: fc.oneof(
        bytes,
        fc.uint8Array({ minLength: 65, maxLength: 65 }),
        fc.uint8Array({ minLength: 96, maxLength: 96 }),
      ),
    })
    const signers = fc.record({
      protocol: fc.constantFrom(1, 3) as fc.Arbitrary<1 | 3>,
      payload: fc.oneof(bytes, fc.constant(blsSigner.payload), fc.constant(secpSigner.payload)),
    })
    fc.assert(
      fc.property(signatures, signers, bytes, (signature, signer, message) => {
        expect(verify(signature, signer, message)).toBe(false)
      }),
    )
  })

  it('are refused with one bit changed', () => {
    const message = Uint8Array.of(1, 2, 3)
    const flips = fc.nat({ max: 65 * 8 - 1 })
    fc.assert(
      fc.property(flips, (bit) => {
        const { type, data } = sign(secp, message)
        data[bit >> 3] = (data[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(verify({ type, data }, secpSigner, message)).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  it('at infinity prove nothing, even under a key at infinity', () => {
    const signature: Signature = { type: 2, data: infinity(96) }
    expect(verify(signature, { protocol: 3, payload: infinity(48) }, Uint8Array.of(1))).toBe(false)
    expect(verify(signature, blsSigner, Uint8Array.of(1))).toBe(false)
  })

  it('of a type that does not fit the signer are refused', () => {
    const message = Uint8Array.of(1)
    expect(verify(sign(bls, message), secpSigner, message)).toBe(false)
    expect(verify(sign(secp, message), blsSigner, message)).toBe(false)
    expect(verify({ ...sign(secp, message), type: 3 }, secpSigner, message)).toBe(false)
  })
})
