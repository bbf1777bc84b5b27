import { blake2b160, generateKey, publicKey, sign } from '@sealane/crypto'
import { useNativeCrypto } from '@sealane/crypto/native'
import { describe, expect, it } from 'vitest'
import { judgeSignature } from './signature-judge.js'

useNativeCrypto()

describe('signatures of proposals', () => {
  it('that come at once are each judged rightly', async () => {
    const items = Array.from({ length: 12 }, (_, at) => {
      const type = at % 3 === 0 ? 'secp256k1' : 'bls'
      const key = generateKey(type, new Uint8Array(32).fill(at + 1))
      const payload = type === 'bls' ? publicKey(key) : blake2b160(publicKey(key))
      const message = Uint8Array.of(at)
      const signer = { protocol: type === 'bls' ? (3 as const) : (1 as const), payload }
      return { message: at % 5 === 2 ? Uint8Array.of(99) : message, signature: sign(key, message), signer }
    })
    const verdicts = await Promise.all(items.map((item) => judgeSignature(item)))
    expect(verdicts).toEqual(items.map((_, at) => at % 5 !== 2))
    const [first] = items
    expect(first !== undefined && (await judgeSignature(first))).toBe(true)
  })
})
