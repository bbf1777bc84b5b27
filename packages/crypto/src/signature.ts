import { blsSign, blsVerify } from './bls.js'
import type { KeyInfo } from './key-info.js'
import { secp256k1Sign, secp256k1Verify } from './secp256k1.js'

/** Type byte of a signature on the wire. Source: filecoin-project/go-state-types crypto/signature.go (SigType). */
export const signatureType = { secp256k1: 1, bls: 2, delegated: 3 } as const

/** A signature as messages and proposals carry it: secp256k1 r || s || v (65 bytes) or compressed BLS G2 (96 bytes). */
export interface Signature {
  type: 1 | 2 | 3
  data: Uint8Array
}

/** Whose signature it should be: address protocol 1 with blake2b-160 of the public key, or 3 with the BLS public key. */
export interface Signer {
  protocol: 1 | 3
  payload: Uint8Array
}

/**
 * Signs message bytes: secp256k1 over their blake2b-256 with an RFC 6979 nonce, BLS over the bytes themselves.
 * @throws CryptoError KEY_INVALID when the private key is no scalar of its curve.
 */
export function sign(key: KeyInfo, message: Uint8Array): Signature {
  switch (key.type) {
    case 'secp256k1':
      return { type: signatureType.secp256k1, data: secp256k1Sign(key.privateKey, message) }
    case 'bls':
      return { type: signatureType.bls, data: blsSign(key.privateKey, message) }
  }
}

/**
 * Whether `signature` is `signer`'s over `message`. Malformed input of any kind is a plain false, never an error.
 * Delegated signatures (type 3) are always refused: nothing here holds or trusts an f4 key.
 */
export function verify(signature: Signature, signer: Signer, message: Uint8Array): boolean {
  if (signature.type === signatureType.secp256k1 && signer.protocol === 1) {
    return secp256k1Verify(signature.data, signer.payload, message)
  }
  if (signature.type === signatureType.bls && signer.protocol === 3) {
    return blsVerify(signature.data, signer.payload, message)
  }
  return false
}
