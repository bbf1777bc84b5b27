import { sha256 } from '@noble/hashes/sha2.js'
import { CryptoError } from './crypto-error.js'
import { installedKernels } from './kernels.js'

/** Bytes of one tree node, and of two. */
const nodeBytes = 32
const pairBytes = 64

type PairHasher = (input: Uint8Array, output: Uint8Array) => void

function nobleHashPairs(input: Uint8Array, output: Uint8Array): void {
  for (let at = 0; at < input.length; at += pairBytes) {
    output.set(sha256(input.subarray(at, at + pairBytes)), at / 2)
  }
}

/** The SIMD kernel of a prebuilt addon; where no binary fits the machine, noble's loop (some 50 times slower). */
async function fastestPlainHasher(): Promise<PairHasher> {
  try {
    const { hashInto } = await import('@chainsafe/hashtree')
    return hashInto
  } catch {
    return nobleHashPairs
  }
}

const plainHashPairs = await fastestPlainHasher()

/**
 * One level of a Filecoin binary tree (commP, commD): SHA-256 of every 64-byte pair of nodes, with the two top
 * bits of each 32-byte result cleared so that it stays a BLS12-381 scalar.
 * `output` takes half of `input`'s length; it may share `input`'s memory only where the two do not overlap.
 * @throws CryptoError LENGTH_INVALID when `input` is no multiple of 64 bytes or `output` is not half as long.
 */
export function hashPairsInto(input: Uint8Array, output: Uint8Array): void {
  if (input.length % pairBytes !== 0 || output.length * 2 !== input.length) {
    throw new CryptoError('LENGTH_INVALID', `cannot hash ${input.length} bytes into ${output.length}`)
  }
  if (input.length === 0) return
  const native = installedKernels()?.hashPairsInto
  if (native !== undefined) {
    native(input, output)
    return
  }
  plainHashPairs(input, output)
  for (let last = nodeBytes - 1; last < output.length; last += nodeBytes) {
    output[last] = (output[last] ?? 0) & 0x3f
  }
}

/** As {@link hashPairsInto}, into a new array half as long as `input`. */
export function hashPairs(input: Uint8Array): Uint8Array {
  const output = new Uint8Array(input.length / 2)
  hashPairsInto(input, output)
  return output
}
