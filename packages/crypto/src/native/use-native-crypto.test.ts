import { createRequire } from 'node:module'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  blake2b160,
  generateKey,
  hashPairs,
  installedKernels,
  installKernels,
  publicKey,
  sign,
  verify,
} from '../index.js'
import { trustedAddon } from './native-addon.js'
import { useNativeCrypto } from './use-native-crypto.js'

afterEach(() => {
  vi.unstubAllEnvs()
  installKernels(undefined)
})

const key = generateKey('bls', new Uint8Array(32).fill(3))
const signer = { protocol: 3, payload: publicKey(key) } as const

describe('the addon’s loader', () => {
  it('goes on in JavaScript when the file is missing, and says why', () => {
    vi.stubEnv('SEALANE_CRYPTO_ADDON', '/nowhere/crypto.node')
    expect(useNativeCrypto()).toEqual({
      native: false,
      reason: expect.stringContaining('/nowhere/crypto.node does not load'),
    })
    expect(installedKernels()).toBeUndefined()
    expect(verify(sign(key, Uint8Array.of(1)), signer, Uint8Array.of(1))).toBe(true)
  })

  it('refuses another library', () => {
    const other = createRequire(import.meta.url).resolve('@chainsafe/hashtree')
    vi.stubEnv('SEALANE_CRYPTO_ADDON', other)
    expect(useNativeCrypto()).toEqual({ native: false, reason: `${other} is not this package's addon` })
  })

  it('refuses an addon that computes wrongly', () => {
    const honest = {
      hashPairsInto: () => {},
      fr32TreeRoot: () => Uint8Array.from(Buffer.from(zeroRoot, 'hex')),
      verifyBls: () => false,
      verifyBlsBatch: () => false,
      verifyBlsEach: async () => new Uint8Array(0),
      signBls: () => new Uint8Array(0),
      recoverSecp256k1: () => new Uint8Array(0),
      fr32PadInto: () => {},
      fr32UnpadInto: () => {},
      openCommP: () => ({}),
    }
    expect(trustedAddon(honest)).toBe(honest)
    expect(trustedAddon({ ...honest, fr32TreeRoot: () => new Uint8Array(32) })).toBeUndefined()
    expect(trustedAddon({ ...honest, verifyBls: () => true })).toBeUndefined()
    expect(trustedAddon({ ...honest, verifyBlsBatch: undefined })).toBeUndefined()
    expect(trustedAddon(null)).toBeUndefined()
  })
})

const zeroRoot = '3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333'

const loaded = useNativeCrypto()
const addon = installedKernels()
installKernels(undefined)

describe.runIf(loaded.native)('the addon', () => {
  it('hashes pairs as JavaScript does', () => {
    const pairs = fc
      .integer({ min: 0, max: 40 })
      .chain((count) => fc.uint8Array({ minLength: count * 64, maxLength: count * 64 }))
    fc.assert(
      fc.property(pairs, (input) => {
        installKernels(undefined)
        const plain = hashPairs(input)
        installKernels(addon)
        expect(hashPairs(input)).toEqual(plain)
      }),
    )
  })

  it('judges signatures as JavaScript does, whatever bytes arrive', () => {
    const message = Uint8Array.of(1, 2, 3)
    const { data } = sign(key, message)
    const edits = fc.array(fc.tuple(fc.nat({ max: 95 }), fc.nat({ max: 255 })), { maxLength: 2 })
    fc.assert(
      fc.property(edits, fc.boolean(), (changes, inKey) => {
        const signature = { type: 2, data: data.slice() } as const
        const payload = signer.payload.slice()
        const target = inKey ? payload : signature.data
        for (const [at, value] of changes) target[at % target.length] = value
        installKernels(undefined)
        const plain = verify(signature, { protocol: 3, payload }, message)
        installKernels(addon)
        expect(verify(signature, { protocol: 3, payload }, message)).toBe(plain)
      }),
      { numRuns: 40 },
    )
  })

  it('signs, and judges secp256k1 signatures, as JavaScript does', () => {
    const own = generateKey('secp256k1', new Uint8Array(32).fill(4))
    const address = { protocol: 1, payload: blake2b160(publicKey(own)) } as const
    const edits = fc.array(fc.tuple(fc.nat({ max: 64 }), fc.nat({ max: 255 })), { maxLength: 2 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), edits, (message, changes) => {
        installKernels(undefined)
        const bls = sign(key, message)
        const signature = sign(own, message)
        for (const [at, value] of changes) signature.data[at] = value
        const plain = verify(signature, address, message)
        expect(plain || changes.length > 0).toBe(true)
        installKernels(addon)
        expect(sign(key, message)).toEqual(bls)
        expect(verify(signature, address, message)).toBe(plain)
      }),
      { numRuns: 40 },
    )
    // High s, which other libraries refuse.
    const message = Uint8Array.of(1)
    const { data } = sign(own, message)
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const high = order - BigInt(`0x${Buffer.from(data.subarray(32, 64)).toString('hex')}`)
    const flipped = Uint8Array.from(data)
    flipped.set(Buffer.from(high.toString(16).padStart(64, '0'), 'hex'), 32)
    flipped[64] = (flipped[64] ?? 0) ^ 1
    expect(verify({ type: 1, data: flipped }, address, message)).toBe(true)
    installKernels(undefined)
    expect(verify({ type: 1, data: flipped }, address, message)).toBe(true)
  })

  it('throws at lengths it was not made for, instead of reading beyond them', () => {
    expect(() => addon?.fr32TreeRoot?.(new Uint8Array(128))).toThrow()
    expect(() => addon?.fr32TreeRoot?.(new Uint8Array(0))).toThrow()
    expect(() => addon?.hashPairsInto?.(new Uint8Array(64), new Uint8Array(31))).toThrow()
    const none = new Uint8Array(0)
    expect(addon?.verifyBls?.(none, none, none)).toBe(false)
    expect(addon?.verifyBlsBatch?.(none, none, [none], none)).toBe(false)
    expect(() => addon?.verifyBlsEach?.(none, none, [none], none)).toThrow()
    expect(() => addon?.fr32PadInto?.(new Uint8Array(127), new Uint8Array(127))).toThrow()
    expect(() => addon?.fr32UnpadInto?.(new Uint8Array(127), new Uint8Array(127))).toThrow()
  })
})
