import { beforeAll, describe, expect, it } from 'vitest'
import {
  blake2b160,
  CryptoError,
  generateKey,
  installedKernels,
  installKernels,
  publicKey,
  type SignedBytes,
  sign,
  verifyBatch,
  verifyEach,
} from './index.js'
import { useNativeCrypto } from './native/index.js'

useNativeCrypto()
const addon = installedKernels()
const roads = [
  ['plain JavaScript', undefined] as const,
  ...(addon === undefined ? [] : [['the addon', addon] as const]),
]

const entropy = new Uint8Array(32).fill(9)

function signed(seed: number, type: 'bls' | 'secp256k1' = 'bls'): SignedBytes {
  const key = generateKey(type, new Uint8Array(32).fill(seed))
  const message = new Uint8Array(seed).fill(seed)
  const payload = type === 'bls' ? publicKey(key) : blake2b160(publicKey(key))
  return { message, signature: sign(key, message), signer: { protocol: type === 'bls' ? 3 : 1, payload } }
}

describe.each(roads)('a batch of signatures, with %s', (_, kernels) => {
  beforeAll(() => installKernels(kernels))

  const one = signed(1)
  const two = signed(2)
  const three = signed(3, 'secp256k1')

  it('verifies when each does, of either type', () => {
    expect(verifyBatch([one, two, three], entropy)).toBe(true)
    expect(verifyBatch([one], entropy)).toBe(true)
    expect(verifyBatch([], entropy)).toBe(true)
  })

  it('fails when any is wrong, also where two wrong ones have the right sum', () => {
    const message = Uint8Array.of(7)
    expect(verifyBatch([one, { ...two, message }, three], entropy)).toBe(false)
    expect(verifyBatch([one, two, { ...three, message }], entropy)).toBe(false)
    const swapped = [
      { ...one, signature: two.signature },
      { ...two, signature: one.signature },
    ]
    expect(verifyBatch(swapped, entropy)).toBe(false)
  })

  it('fails on malformed signatures and keys', () => {
    const short = { type: 2 as const, data: new Uint8Array(95) }
    expect(verifyBatch([one, { ...two, signature: short }], entropy)).toBe(false)
    expect(
      verifyBatch([one, { ...two, signer: { protocol: 3, payload: new Uint8Array(48) } }], entropy),
    ).toBe(false)
    expect(verifyBatch([one, two, { ...one, signature: { ...one.signature, type: 3 } }], entropy)).toBe(false)
  })

  it('tells which ones are wrong', async () => {
    const message = Uint8Array.of(7)
    const items = Array.from({ length: 40 }, (_, at) => signed(at + 1, at % 9 === 5 ? 'secp256k1' : 'bls'))
    const wrong = new Set([0, 5, 33, 39])
    const given = items.map((item, at) => (wrong.has(at) ? { ...item, message } : item))
    expect(await verifyEach(given, entropy)).toEqual(items.map((_, at) => !wrong.has(at)))
    expect(await verifyEach([], entropy)).toEqual([])
    const short = { type: 2 as const, data: new Uint8Array(95) }
    const swapped = [{ ...one, signature: two.signature }, { ...two, signature: short }, three]
    expect(await verifyEach(swapped, entropy)).toEqual([false, false, true])
  })

  it('wants 32 bytes of entropy', async () => {
    expect(() => verifyBatch([one], new Uint8Array(31))).toThrow(CryptoError)
    await expect(verifyEach([one], new Uint8Array(31))).rejects.toThrow(CryptoError)
  })
})
