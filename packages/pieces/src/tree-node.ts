import { hashPairsInto } from '@sealane/crypto'

/** Bytes of a node of the commitment tree. */
export const nodeBytes = 32

/** The parent of two 32-byte nodes. */
export function parentOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  const pair = new Uint8Array(2 * nodeBytes)
  pair.set(left)
  pair.set(right, nodeBytes)
  const parent = new Uint8Array(nodeBytes)
  hashPairsInto(pair, parent)
  return parent
}

/** Roots of all-zero trees by level: 0 is one 32-byte element. Filled as far as anyone asked. */
const zeroNodes: Uint8Array[] = [new Uint8Array(nodeBytes)]

/** The root of an all-zero tree of 2^level elements of 32 bytes. Shared: do not write to it. */
export function zeroNode(level: number): Uint8Array {
  for (let known = zeroNodes.length; known <= level; known++) {
    const below = zeroNode(known - 1)
    zeroNodes.push(parentOf(below, below))
  }
  return zeroNodes[level] ?? new Uint8Array(nodeBytes)
}

/** How many levels above the 32-byte elements the root of this many padded bytes (a power of two) lies. */
export function levelOf(paddedBytes: bigint): number {
  return paddedBytes.toString(2).length - 1 - 5
}
