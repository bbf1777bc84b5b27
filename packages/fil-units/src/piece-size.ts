import type { Brand } from './brand.js'
import { UnitsError } from './units-error.js'

/** Bytes of a piece or sector after fr32 expansion: a power of two, at least 128. */
export type PaddedSize = Brand<bigint, 'PaddedSize'>

/** Bytes of a piece or sector before fr32 expansion: 127 times a power of two. */
export type UnpaddedSize = Brand<bigint, 'UnpaddedSize'>

/** Padded bytes that carry 127 unpadded ones. Source: filecoin-project/go-state-types abi/piece.go. */
const paddedQuantum = 128n
const unpaddedQuantum = 127n

function isPowerOfTwo(n: bigint): boolean {
  return n > 0n && (n & (n - 1n)) === 0n
}

/** Checks a padded size; error texts are go-state-types'. @throws UnitsError SIZE_INVALID */
export function paddedSize(bytes: bigint): PaddedSize {
  if (bytes < paddedQuantum) {
    throw new UnitsError('SIZE_INVALID', 'minimum padded piece size is 128 bytes')
  }
  if (!isPowerOfTwo(bytes)) {
    throw new UnitsError('SIZE_INVALID', 'padded piece size must be a power of 2')
  }
  return bytes as PaddedSize
}

/** Checks an unpadded size; error texts are go-state-types'. @throws UnitsError SIZE_INVALID */
export function unpaddedSize(bytes: bigint): UnpaddedSize {
  if (bytes < unpaddedQuantum) {
    throw new UnitsError('SIZE_INVALID', 'minimum piece size is 127 bytes')
  }
  if (bytes % unpaddedQuantum !== 0n || !isPowerOfTwo(bytes / unpaddedQuantum)) {
    throw new UnitsError('SIZE_INVALID', 'unpadded piece size must be a power of 2 multiple of 127')
  }
  return bytes as UnpaddedSize
}

/** The payload room of a padded size: 127/128 of it. */
export function toUnpadded(padded: PaddedSize): UnpaddedSize {
  return (padded - padded / paddedQuantum) as UnpaddedSize
}

/** The padded size whose payload room this is. */
export function toPadded(unpadded: UnpaddedSize): PaddedSize {
  return (unpadded + unpadded / unpaddedQuantum) as PaddedSize
}
