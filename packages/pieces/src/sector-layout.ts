import type { PaddedSize } from '@sealane/fil-units'
import { PieceError } from './piece-error.js'

/** Where something lies in a sector: padded bytes from its start. */
export interface SectorSlot {
  offset: bigint
  size: PaddedSize
  /** Which piece it is, by its place in the list; undefined for zero fill. */
  piece: number | undefined
}

/** Where the next piece goes: zero fill first, then the piece, then the sector is used up to `end`. Padded bytes. */
export interface Placement {
  fill: PaddedSize[]
  offset: bigint
  end: bigint
}

/**
 * The zero pieces that must precede a piece of `pieceSize` when `used` padded bytes lie before it: a piece starts at a
 * multiple of its own size. Smallest first.
 * Source: filecoin-project/lotus chain/proofs/proofs.go (GetRequiredPadding).
 */
export function requiredPadding(used: bigint, pieceSize: PaddedSize): PaddedSize[] {
  const fill: PaddedSize[] = []
  for (let rest = (pieceSize - (used % pieceSize)) % pieceSize; rest > 0n; rest &= rest - 1n) {
    fill.push((rest & -rest) as PaddedSize)
  }
  return fill
}

/** Where a piece goes after `used` padded bytes of a sector; undefined when it does not fit any more. */
export function placePiece(
  used: bigint,
  pieceSize: PaddedSize,
  sectorSize: PaddedSize,
): Placement | undefined {
  const fill = requiredPadding(used, pieceSize)
  const offset = fill.reduce((sum, size) => sum + size, used)
  const end = offset + pieceSize
  return end > sectorSize ? undefined : { fill, offset, end }
}

/**
 * Where a piece goes after the pieces that a sector already has, in their order; undefined when it does not fit.
 * @throws PieceError SECTOR_OVERFLOW when already the existing pieces do not fit.
 */
export function packPieces(
  existing: readonly PaddedSize[],
  piece: PaddedSize,
  sectorSize: PaddedSize,
): Placement | undefined {
  return placePiece(usedBytes(existing, sectorSize), piece, sectorSize)
}

/**
 * Padded bytes of a sector that these pieces use up, fill between them included.
 * @throws PieceError SECTOR_OVERFLOW
 */
export function usedBytes(pieces: readonly PaddedSize[], sectorSize: PaddedSize): bigint {
  const last = sectorLayout(pieces, sectorSize).at(-1)
  return last === undefined ? 0n : last.offset + last.size
}

/**
 * All pieces and the zero fill between them, in order; the zeros after the last piece are not listed.
 * @throws PieceError SECTOR_OVERFLOW when they do not fit.
 */
export function sectorLayout(pieces: readonly PaddedSize[], sectorSize: PaddedSize): SectorSlot[] {
  const slots: SectorSlot[] = []
  let used = 0n
  for (const [piece, size] of pieces.entries()) {
    const placement = placePiece(used, size, sectorSize)
    if (placement === undefined) {
      throw new PieceError(
        'SECTOR_OVERFLOW',
        `${pieces.length} pieces do not fit a sector of ${sectorSize} bytes`,
      )
    }
    for (const fill of placement.fill) {
      slots.push({ offset: used, size: fill, piece: undefined })
      used += fill
    }
    slots.push({ offset: placement.offset, size, piece })
    used = placement.end
  }
  return slots
}
