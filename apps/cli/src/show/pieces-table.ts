import { formatBinaryBytes } from '@sealane/fil-units'
import type { PieceRow } from '@sealane/proto'
import { since } from './clock-time.js'
import { failureText, waitingText } from './state-text.js'
import { tabTable } from './tab-table.js'

/** `pieces list`. */
export function piecesTable(rows: readonly PieceRow[], nowMs: number): string {
  return tabTable([
    ['Deal', 'PieceCID', 'Size', 'State', 'Since', 'DealId', 'Sector', 'Waiting'],
    ...rows.map((row) => [
      row.dealUuid,
      row.pieceCid,
      formatBinaryBytes(BigInt(row.pieceSize)),
      row.state,
      since(nowMs, row.stateSinceMs),
      row.dealId === null ? '-' : `${row.dealId}`,
      row.sectorNumber === null ? '-' : `${row.sectorNumber}`,
      [row.failure && failureText(row.failure), row.waiting && waitingText(row.waiting, nowMs)]
        .filter(Boolean)
        .join('; '),
    ]),
  ])
}
