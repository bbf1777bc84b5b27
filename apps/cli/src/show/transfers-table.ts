import { formatBinaryBytes, formatDuration } from '@sealane/fil-units'
import type { TransferRow } from '@sealane/proto'
import { columnTable } from './column-table.js'
import { shortCid } from './deals-table.js'
import { failureText } from './state-text.js'

/**
 * `transfers list`: what comes in. Source of title and columns: S12 of the operator notes; filecoin-project/lotus@v1.22
 * cli/client.go:2347-2376. Ours come by http, so the words of the state are ours, and Transferred says of how much.
 */
export function transfersTable(rows: readonly TransferRow[], o: { verbose: boolean; nowMs: number }): string {
  const short = (text: string) => (o.verbose ? text : shortCid(text))
  const table = columnTable(
    [
      { name: 'ID' },
      { name: 'Status' },
      { name: 'Receiving From' },
      { name: 'Root Cid' },
      { name: 'Initiated?' },
      { name: 'Transferred' },
      { name: 'Voucher' },
      { name: 'Message', ownLine: true },
    ],
    rows.map((row) => ({
      ID: row.dealUuid,
      Status: row.state,
      'Receiving From': row.from === '' ? (row.offline ? 'import' : '') : row.from,
      'Root Cid': short(row.rootCid),
      // The provider asks for the bytes; an import begins with the operator.
      'Initiated?': row.offline ? 'N' : 'Y',
      Transferred: transferred(row),
      Voucher: short(row.signedProposalCid),
      Message: message(row, o.nowMs),
    })),
  )
  return `Receiving Channels\n\n${rows.length === 0 ? '' : table}`
}

function transferred({ receivedBytes, totalBytes }: TransferRow): string {
  const [received, total] = [BigInt(receivedBytes), BigInt(totalBytes)]
  if (total === 0n) return formatBinaryBytes(received)
  return `${formatBinaryBytes(received)} of ${formatBinaryBytes(total)} (${(received * 100n) / total}%)`
}

function message({ failure, nextTryMs, tries }: TransferRow, nowMs: number): string | undefined {
  const again =
    nextTryMs === null ? '' : `, next try in ${formatDuration(Math.max(0, Math.round(nextTryMs - nowMs)))}`
  if (failure !== null) return `${failureText(failure)} (attempt ${tries}${again})`
  return again === '' ? undefined : again.slice(2)
}
