import { sha256 as nobleSha256, sha512 as nobleSha512 } from '@noble/hashes/sha2.js'

/** SHA-256 of the bytes, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes)
}

/** SHA-512 of the bytes, 64 bytes: some clients' CIDs use it. */
export function sha512(bytes: Uint8Array): Uint8Array {
  return nobleSha512(bytes)
}
