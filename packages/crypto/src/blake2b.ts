import { blake2b } from '@noble/hashes/blake2.js'
import { createBLAKE2b, type IHasher } from 'hash-wasm'

/**
 * A WebAssembly hasher for one output length, or undefined where WebAssembly is missing or forbidden
 * (the noble version then serves, about 20 times slower).
 */
async function wasmHasher(bits: number): Promise<IHasher | undefined> {
  try {
    return await createBLAKE2b(bits)
  } catch {
    return undefined
  }
}

const [wasm256, wasm160, wasm32] = await Promise.all([wasmHasher(256), wasmHasher(160), wasmHasher(32)])

function hash(wasm: IHasher | undefined, bytes: Uint8Array, lengthBytes: number): Uint8Array {
  return wasm === undefined
    ? blake2b(bytes, { dkLen: lengthBytes })
    : wasm.init().update(bytes).digest('binary')
}

/** BLAKE2b with 32 bytes of output: message CIDs, what secp256k1 signs, randomness. */
export function blake2b256(bytes: Uint8Array): Uint8Array {
  return hash(wasm256, bytes, 32)
}

/** BLAKE2b with 20 bytes of output: the payload of f1 and f2 addresses. */
export function blake2b160(bytes: Uint8Array): Uint8Array {
  return hash(wasm160, bytes, 20)
}

/** BLAKE2b with 4 bytes of output: the checksum of text addresses. */
export function blake2b32bits(bytes: Uint8Array): Uint8Array {
  return hash(wasm32, bytes, 4)
}
