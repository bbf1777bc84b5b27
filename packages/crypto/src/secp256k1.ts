import { secp256k1 } from '@noble/curves/secp256k1.js'
import { blake2b160, blake2b256 } from './blake2b.js'
import { CryptoError } from './crypto-error.js'
import { installedKernels } from './kernels.js'

const signatureBytes = 65

function checked(privateKey: Uint8Array): Uint8Array {
  if (!secp256k1.utils.isValidSecretKey(privateKey)) {
    throw new CryptoError(
      'KEY_INVALID',
      'not a secp256k1 private key: 32 bytes, above zero and below the order',
    )
  }
  return privateKey
}

/** The private key that 32 random bytes make. @throws CryptoError KEY_INVALID once in 2^128 tries: draw again. */
export function secp256k1Generate(randomBytes32: Uint8Array): Uint8Array {
  return checked(randomBytes32.slice())
}

/** The 65-byte uncompressed public key. */
export function secp256k1PublicKey(privateKey: Uint8Array): Uint8Array {
  return secp256k1.getPublicKey(checked(privateKey), false)
}

/** r || s || v with v 0 or 1 and low s, over blake2b-256 of the message, nonce by RFC 6979. */
export function secp256k1Sign(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
  const recidFirst = secp256k1.sign(blake2b256(message), checked(privateKey), {
    prehash: false,
    format: 'recovered',
  })
  const signature = new Uint8Array(signatureBytes)
  signature.set(recidFirst.subarray(1))
  signature[64] = recidFirst[0] ?? 0
  return signature
}

/**
 * Whether the key recovered from r || s || v hashes to this address payload (blake2b-160 of the uncompressed key).
 * High s is accepted, as go-crypto does; v is 0 to 3. Never throws.
 */
export function secp256k1Verify(
  signature: Uint8Array,
  addressPayload: Uint8Array,
  message: Uint8Array,
): boolean {
  const recoveryId = signature[64]
  if (signature.length !== signatureBytes || recoveryId === undefined || recoveryId > 3) return false
  if (addressPayload.length !== 20) return false
  const belongs = (key: Uint8Array) => blake2b160(key).every((byte, at) => byte === addressPayload[at])
  const native = installedKernels()?.recoverSecp256k1
  if (native !== undefined) {
    const key = native(signature, blake2b256(message))
    return key.length > 0 && belongs(key)
  }
  try {
    const key = secp256k1.Signature.fromBytes(signature.subarray(0, 64), 'compact')
      .addRecoveryBit(recoveryId)
      .recoverPublicKey(blake2b256(message))
    return belongs(key.toBytes(false))
  } catch {
    return false
  }
}
