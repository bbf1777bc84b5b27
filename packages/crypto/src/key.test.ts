import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blsGenerate } from './bls.js'
import { CryptoError, exportKey, generateKey, importKey, type KeyInfo, publicKey } from './index.js'

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const text = (bytes: string): string => Buffer.from(bytes).toString('hex')

describe('keys', () => {
  it('derives BLS keys as the standard does', () => {
    // Source: EIP-2333 test case 0, whose master key is KeyGen of the seed.
    const seed =
      'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04'
    const key = blsGenerate(Uint8Array.from(Buffer.from(seed, 'hex')))
    const scalar = BigInt(`0x${Buffer.from(key.toReversed()).toString('hex')}`)
    expect(scalar).toBe(6083874454709270928345386274498605044986640685124978867557563392430687146096n)
  })

  it('survives lotus’ text form, of both types', () => {
    fc.assert(
      fc.property(bytes32, fc.constantFrom('bls' as const, 'secp256k1' as const), (entropy, type) => {
        const key = generateKey(type, entropy)
        expect(importKey(exportKey(key))).toEqual(key)
        expect(importKey(` ${exportKey(key)}\n`)).toEqual(key)
        expect(publicKey(key).length).toBe(type === 'bls' ? 48 : 65)
      }),
      { numRuns: 20 },
    )
  })

  it('writes exactly what lotus wallet export writes', () => {
    const key: KeyInfo = { type: 'secp256k1', privateKey: new Uint8Array(32).fill(1) }
    expect(Buffer.from(exportKey(key), 'hex').toString()).toBe(
      '{"Type":"secp256k1","PrivateKey":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="}',
    )
  })

  it('reads key JSON as Go does: names in any case, other fields ignored', () => {
    const json = '{"type":"bls","privateKey":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=","Note":1}'
    expect(importKey(json)).toEqual({ type: 'bls', privateKey: new Uint8Array(32).fill(1) })
  })

  it.each([
    ['', 'KEY_TEXT_INVALID'],
    ['zz', 'KEY_TEXT_INVALID'],
    ['null', 'KEY_TEXT_INVALID'],
    [text('null'), 'KEY_TEXT_INVALID'],
    [text('{"Type":"bls"}'), 'KEY_TEXT_INVALID'],
    ['{"Type":"bls","PrivateKey":"!"}', 'KEY_TEXT_INVALID'],
    ['{"Type":"delegated","PrivateKey":"AQ=="}', 'KEY_TYPE_UNKNOWN'],
    ['{"Type":"secp256k1-ledger","PrivateKey":"AQ=="}', 'KEY_TYPE_UNKNOWN'],
    ['{"Type":"bls","PrivateKey":"AQ=="}', 'KEY_INVALID'],
    ['{"Type":"secp256k1","PrivateKey":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}', 'KEY_INVALID'],
    ['{"Type":"bls","PrivateKey":"//////////////////////////////////////////8="}', 'KEY_INVALID'],
  ])('refuses %s', (input, code) => {
    expect(() => importKey(input)).toThrow(expect.objectContaining({ code }))
  })

  it('refuses any other text with a CryptoError that quotes none of it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json().map(text), fc.json()), (input) => {
        try {
          importKey(input)
        } catch (error) {
          expect(error).toBeInstanceOf(CryptoError)
        }
      }),
    )
    const secret = 'c2VjcmV0c2VjcmV0'
    try {
      importKey(`{"Type":"bls","PrivateKey":"${secret}" oops`)
      expect.unreachable()
    } catch (error) {
      expect(String(error instanceof Error ? error.stack : error)).not.toContain(secret)
      expect(error).not.toHaveProperty('cause', expect.anything())
    }
  })

  it('takes exactly 32 random bytes', () => {
    expect(() => generateKey('bls', new Uint8Array(31))).toThrow(CryptoError)
    expect(() => generateKey('secp256k1', new Uint8Array(33))).toThrow(CryptoError)
    expect(() => generateKey('secp256k1', new Uint8Array(32))).toThrow(CryptoError)
  })
})
