import {
  type AttoFil,
  attoFilFromText,
  formatDuration,
  formatFil,
  formatSize,
  type PaddedSize,
  pricePerEpoch,
  totalPrice,
} from '@sealane/fil-units'
import type { SignedStorageAsk } from '@sealane/market'
import type { AskRow } from '@sealane/proto'
import type { ChainClock } from './clock-time.js'
import { tabTable } from './tab-table.js'

const legacyHead = [
  'Price per GiB / Epoch',
  'Min. Piece Size (w/bit-padding)',
  'Max. Piece Size (w/bit-padding)',
  'Expiry (Epoch)',
  'Expiry (Appx. Rem. Time)',
  'Seq. No.',
]
const head = [
  'Price per GiB/Epoch',
  'Verified',
  'Min. Piece Size (padded)',
  'Max. Piece Size (padded)',
  'Expiry (Epoch)',
  'Expiry (Appx. Rem. Time)',
  'Seq. No.',
]

/**
 * `storage-deals get-ask`; `legacy` is the operator notes' shape, with the price in bare attoFIL.
 * Source: S1 of the operator notes; filecoin-project/lotus@v1.22 cmd/lotus-miner/market.go:318-336.
 */
export function askTable(ask: AskRow | null, o: { legacy: boolean; clock: ChainClock | undefined }): string {
  const titles = o.legacy ? legacyHead : head
  if (ask === null) return `${tabTable([titles])}<miner does not have an ask>\n`
  const sizes = [formatSize(BigInt(ask.minPieceSize)), formatSize(BigInt(ask.maxPieceSize))]
  const rest = [...sizes, `${ask.expiryEpoch}`, remaining(ask.expiryEpoch, o.clock), `${ask.sequence}`]
  const prices = o.legacy ? [ask.price] : [money(ask.price), money(ask.verifiedPrice)]
  return tabTable([titles, [...prices, ...rest]])
}

function remaining(expiryEpoch: number, clock: ChainClock | undefined): string {
  if (clock === undefined) return '<no chain node>'
  const epochs = expiryEpoch - clock.head
  return epochs <= 0 ? '<expired>' : formatDuration(epochs * clock.blockDelaySeconds * 1000)
}

function money(atto: string): string {
  return formatFil(attoFilFromText(atto))
}

/** A piece that a price is asked for. */
export interface AskedPiece {
  readonly size: PaddedSize
  readonly durationEpochs: number | undefined
}

/** `client query-ask`. Source: filecoin-project/boost cmd/boost/provider_cmd.go (storage-ask), as recorded. */
export function clientAskText(
  miner: string,
  ask: SignedStorageAsk['ask'] | undefined,
  piece?: AskedPiece,
): string {
  if (!ask) return `Ask: ${miner}\n<provider gives no ask for this miner>\n`
  return [
    `Ask: ${miner}`,
    `Price per GiB: ${formatFil(ask.price)}`,
    `Verified Price per GiB: ${formatFil(ask.verifiedPrice)}`,
    `Max Piece size: ${formatSize(ask.maxPieceSize)}`,
    `Min Piece size: ${formatSize(ask.minPieceSize)}`,
    `Expiry: ${ask.expiry}`,
    `Seq. No.: ${ask.sequence}`,
    ...(piece === undefined ? [] : priceLines(ask.price, piece)),
    '',
  ].join('\n')
}

function priceLines(price: AttoFil, { size, durationEpochs }: AskedPiece): string[] {
  const perEpoch = pricePerEpoch(price, size)
  return [
    `Price per Block: ${formatFil(perEpoch)}`,
    ...(durationEpochs === undefined
      ? []
      : [`Total Price: ${formatFil(totalPrice(perEpoch, durationEpochs))}`]),
  ]
}
