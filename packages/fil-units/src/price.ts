import { type AttoFil, attoFil, multiplyFil } from './atto-fil.js'
import type { PaddedSize } from './piece-size.js'

const bytesPerGiB = 1n << 30n

/**
 * What an ask (attoFIL per GiB and epoch) makes of a piece: attoFIL per epoch, rounded down.
 * Source: filecoin-project/boost storagemarket/deal_acceptance.go (validateAsk).
 */
export function pricePerEpoch(askPerGiBEpoch: AttoFil, size: PaddedSize): AttoFil {
  return attoFil((askPerGiBEpoch * size) / bytesPerGiB)
}

/** A deal's whole storage fee: its price per epoch times its epochs. */
export function totalPrice(perEpoch: AttoFil, durationEpochs: number): AttoFil {
  return multiplyFil(perEpoch, BigInt(durationEpochs))
}
