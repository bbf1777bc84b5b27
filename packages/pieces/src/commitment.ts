import type { PaddedSize } from '@sealane/fil-units'
import { PieceError } from './piece-error.js'
import { sectorLayout } from './sector-layout.js'
import { levelOf, parentOf, zeroNode } from './tree-node.js'

/** A piece as commitments see it: its 32-byte commP at its padded size. */
export interface PieceCommitment {
  commP: Uint8Array
  paddedSize: PaddedSize
}

/** The commitment of a piece or sector of this size that holds only zeros, 32 bytes. */
export function zeroCommitment(size: PaddedSize): Uint8Array {
  return zeroNode(levelOf(size)).slice()
}

/**
 * The commP of the same payload in a larger piece, the rest zero.
 * @throws PieceError PADDING_INVALID when `to` is smaller than `from`.
 */
export function padCommP(commP: Uint8Array, from: PaddedSize, to: PaddedSize): Uint8Array {
  if (to < from) {
    throw new PieceError('PADDING_INVALID', `source padded size ${from} larger than target padded size ${to}`)
  }
  let node = commP
  for (let level = levelOf(from); level < levelOf(to); level++) node = parentOf(node, zeroNode(level))
  return node.slice()
}

/** A finished subtree: its root and its level. */
interface Subtree {
  root: Uint8Array
  level: number
}

/** Joins equal neighbours at the top of the stack, as a binary counter carries. */
function carry(stack: Subtree[]): void {
  for (;;) {
    const right = stack.at(-1)
    const left = stack.at(-2)
    if (left === undefined || right === undefined || left.level !== right.level) return
    stack.splice(-2, 2, { root: parentOf(left.root, right.root), level: left.level + 1 })
  }
}

/**
 * The commitment of pieces laid one after another with the zero fill that aligns each: the smallest tree that holds
 * them, which may be smaller than the sector.
 * @throws PieceError NO_PIECES; SECTOR_OVERFLOW when they do not fit into `sectorSize`.
 */
export function aggregatePieces(pieces: readonly PieceCommitment[], sectorSize: PaddedSize): PieceCommitment {
  if (pieces.length === 0) throw new PieceError('NO_PIECES', 'no pieces provided')
  const stack: Subtree[] = []
  const layout = sectorLayout(
    pieces.map((piece) => piece.paddedSize),
    sectorSize,
  )
  for (const slot of layout) {
    const level = levelOf(slot.size)
    const piece = slot.piece === undefined ? undefined : pieces[slot.piece]
    stack.push({ root: piece?.commP ?? zeroNode(level), level })
    carry(stack)
  }
  for (;;) {
    const last = stack.at(-1)
    if (last === undefined) throw new PieceError('NO_PIECES', 'no pieces provided')
    if (stack.length === 1) {
      return { commP: last.root.slice(), paddedSize: (1n << BigInt(last.level + 5)) as PaddedSize }
    }
    stack.push({ root: zeroNode(last.level), level: last.level })
    carry(stack)
  }
}

/**
 * A sector's CommD (its unsealed CID's commitment, 32 bytes): its pieces in order, aligned, then zeros to the end.
 * Without pieces, that of a committed-capacity sector.
 * @throws PieceError SECTOR_OVERFLOW when they do not fit.
 */
export function commD(pieces: readonly PieceCommitment[], sectorSize: PaddedSize): Uint8Array {
  if (pieces.length === 0) return zeroCommitment(sectorSize)
  const { commP, paddedSize } = aggregatePieces(pieces, sectorSize)
  return padCommP(commP, paddedSize, sectorSize)
}
