import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  blake2b160,
  blake2b256,
  installedKernels,
  installKernels,
  publicKey,
  sign,
  verify,
  verifyBatch,
  verifyEach,
} from '../src/index.js'
import { useNativeCrypto } from '../src/native/index.js'

interface SecpSign extends RecordedCase {
  private_key: string
  public_key_uncompressed: string
  message: string
  digest_blake2b256: string
  signature_r_s_v: string
}
interface SecpVerify extends RecordedCase {
  address: string
  message: string
  signature: string
}
interface BlsSign extends RecordedCase {
  private_key_le: string
  public_key: string
  message: string
  signature: string
}
interface BlsVerify extends RecordedCase {
  public_key: string
  message: string
  signature: string
}

const recorded = recordedCases(import.meta.filename, 'message.json')

/** The 20-byte payload of an f1 address; its checksum is the addresses' package's concern. */
function payloadOfF1(address: string): Uint8Array {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
  const bits = [...address.slice(2)].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('')
  return Uint8Array.from({ length: 20 }, (_, at) => Number.parseInt(bits.slice(at * 8, at * 8 + 8), 2))
}

// Both roads, where this machine has built the addon.
const native = useNativeCrypto()
const addon = installedKernels()
const roads = [
  ['plain JavaScript', undefined] as const,
  ...(addon === undefined ? [] : [['the addon', addon] as const]),
]
if (!native.native) console.warn(`the crypto addon is not run here: ${native.reason}`)

describe.each(roads)('with %s, as recorded', (_, kernels) => {
  beforeAll(() => installKernels(kernels))

  describe('secp256k1', () => {
    it.each(recorded<SecpSign>('secp256k1_sign'))('signs $message', (c) => {
      const key = { type: 'secp256k1', privateKey: hexToBytes(c.private_key) } as const
      const message = hexToBytes(c.message)
      expect(bytesToHex(publicKey(key))).toBe(c.public_key_uncompressed)
      expect(bytesToHex(blake2b256(message))).toBe(c.digest_blake2b256)
      const signature = sign(key, message)
      expect(signature.type).toBe(1)
      expect(bytesToHex(signature.data)).toBe(c.signature_r_s_v)
      expect(verify(signature, { protocol: 1, payload: blake2b160(publicKey(key)) }, message)).toBe(true)
    })

    it.each(recorded<SecpVerify>('secp256k1_verify'))('verifies: $name', (c) => {
      const signer = { protocol: 1, payload: payloadOfF1(c.address) } as const
      expect(verify({ type: 1, data: hexToBytes(c.signature) }, signer, hexToBytes(c.message))).toBe(c.ok)
    })
  })

  it('judges all recorded BLS signatures at once as each alone', async () => {
    const cases = recorded<BlsVerify>('bls_verify')
    const items = cases.map((c) => ({
      signature: { type: 2 as const, data: hexToBytes(c.signature) },
      signer: { protocol: 3 as const, payload: hexToBytes(c.public_key) },
      message: hexToBytes(c.message),
    }))
    const entropy = new Uint8Array(32).fill(9)
    expect(await verifyEach(items, entropy)).toEqual(cases.map((c) => c.ok))
    expect(
      verifyBatch(
        items.filter((_, at) => cases[at]?.ok),
        entropy,
      ),
    ).toBe(true)
    expect(verifyBatch(items, entropy)).toBe(cases.every((c) => c.ok))
  })

  describe('BLS', () => {
    it.each(recorded<BlsSign>('bls_sign'))('signs $message', (c) => {
      const key = { type: 'bls', privateKey: hexToBytes(c.private_key_le) } as const
      expect(bytesToHex(publicKey(key))).toBe(c.public_key)
      const signature = sign(key, hexToBytes(c.message))
      expect(signature.type).toBe(2)
      expect(bytesToHex(signature.data)).toBe(c.signature)
    })

    it.each(recorded<BlsVerify>('bls_verify'))('verifies: $name', (c) => {
      const signer = { protocol: 3, payload: hexToBytes(c.public_key) } as const
      expect(verify({ type: 2, data: hexToBytes(c.signature) }, signer, hexToBytes(c.message))).toBe(c.ok)
    })
  })
})
