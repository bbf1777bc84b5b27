import { blsGenerate, blsPublicKey } from './bls.js'
import { CryptoError } from './crypto-error.js'
import type { KeyInfo, KeyType } from './key-info.js'
import { secp256k1Generate, secp256k1PublicKey } from './secp256k1.js'

/**
 * The key that these 32 random bytes make; equal bytes, equal key.
 * @throws CryptoError LENGTH_INVALID for other lengths; KEY_INVALID with a chance of 2^-128 (secp256k1): draw again.
 */
export function generateKey(type: KeyType, randomBytes32: Uint8Array): KeyInfo {
  if (randomBytes32.length !== 32) {
    throw new CryptoError('LENGTH_INVALID', `a key is made of 32 random bytes, not ${randomBytes32.length}`)
  }
  switch (type) {
    case 'secp256k1':
      return { type, privateKey: secp256k1Generate(randomBytes32) }
    case 'bls':
      return { type, privateKey: blsGenerate(randomBytes32) }
  }
}

/**
 * The public key: 48 bytes compressed for BLS, 65 bytes uncompressed for secp256k1.
 * @throws CryptoError KEY_INVALID when the private key is no scalar of its curve.
 */
export function publicKey(key: KeyInfo): Uint8Array {
  switch (key.type) {
    case 'secp256k1':
      return secp256k1PublicKey(key.privateKey)
    case 'bls':
      return blsPublicKey(key.privateKey)
  }
}
