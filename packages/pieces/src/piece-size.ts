import { type PaddedSize, toPadded, type UnpaddedSize } from '@sealane/fil-units'

/**
 * The smallest piece that holds this much payload, before expansion.
 * Source: filecoin-project/go-padreader (PaddedSize).
 */
export function unpaddedSizeFor(payloadBytes: bigint): UnpaddedSize {
  const groups = (payloadBytes + 126n) / 127n
  const size = 127n << BigInt(groups > 1n ? (groups - 1n).toString(2).length : 0)
  return size as UnpaddedSize
}

/** The smallest piece that holds this much payload, after expansion: what a deal proposal names. */
export function paddedSizeFor(payloadBytes: bigint): PaddedSize {
  return toPadded(unpaddedSizeFor(payloadBytes))
}
