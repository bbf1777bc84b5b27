import { formatBinaryBytes, paddedSize, UnitsError } from '@sealane/fil-units'
import { minAskPieceSizeBytes } from './constants.js'

/** An ask that cannot be. The message is what `set-ask` prints. */
export class AskRefused extends Error {
  static override readonly name = 'AskRefused'
  readonly code = 'ASK_REFUSED'

  constructor(message: string) {
    super(message)
    this.name = AskRefused.name
  }
}

/**
 * Holds an ask's numbers against what can be. Prices: attoFIL per GiB and epoch. Sizes: padded bytes.
 * @throws {AskRefused} with the words of `set-ask`. Source: filecoin-project/lotus@v0.5.0
 * cmd/lotus-storage-miner/market.go:152-238.
 */
export function checkAsk(
  terms: { price: bigint; verifiedPrice: bigint; minPieceSize: bigint; maxPieceSize: bigint },
  sectorSizeBytes: bigint,
): void {
  if (terms.price < 0n || terms.verifiedPrice < 0n) throw new AskRefused('a price cannot be negative')
  requireSize('min-piece-size', terms.minPieceSize)
  requireSize('max-piece-size', terms.maxPieceSize)
  if (terms.minPieceSize < minAskPieceSizeBytes) {
    throw new AskRefused(`minimum piece size (w/bit-padding) is ${formatBinaryBytes(minAskPieceSizeBytes)}`)
  }
  if (terms.maxPieceSize > sectorSizeBytes) {
    throw new AskRefused(
      `max piece size (w/bit-padding) ${formatBinaryBytes(terms.maxPieceSize)} cannot exceed miner sector size ${formatBinaryBytes(sectorSizeBytes)}`,
    )
  }
  if (terms.minPieceSize > terms.maxPieceSize) {
    throw new AskRefused(
      `min piece size ${formatBinaryBytes(terms.minPieceSize)} is above max piece size ${formatBinaryBytes(terms.maxPieceSize)}`,
    )
  }
}

function requireSize(name: string, bytes: bigint): void {
  try {
    paddedSize(bytes)
  } catch (cause) {
    if (cause instanceof UnitsError) throw new AskRefused(`${name} ${bytes}: ${cause.message}`)
    throw cause
  }
}
