/** The two kinds of key that a wallet holds. */
export type KeyType = 'bls' | 'secp256k1'

/** A private key: 32 bytes in lotus' order (BLS little-endian, secp256k1 big-endian). */
export interface KeyInfo {
  type: KeyType
  privateKey: Uint8Array
}
