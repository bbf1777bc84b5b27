import { attoFilFromText, formatFil } from '@sealane/fil-units'
import type { MessageRow } from '@sealane/proto'
import { since } from './clock-time.js'
import { facts } from './facts.js'
import { failureText, waitingText } from './state-text.js'
import { tabTable } from './tab-table.js'

/** `messages list`: newest last, as they stand in the miner's database. */
export function messagesTable(rows: readonly MessageRow[], nowMs: number): string {
  return tabTable([
    ['Nonce', 'From', 'State', 'Since', 'Class', 'To', 'Method', 'Value', 'Cid', 'Waiting'],
    ...rows.map((row) => [
      row.nonce === null ? '-' : `${row.nonce}`,
      shortAddress(row.from),
      row.state,
      since(nowMs, row.stateSinceMs),
      row.class,
      row.to,
      method(row),
      formatFil(attoFilFromText(row.value)),
      row.cid ?? '-',
      [row.failure && failureText(row.failure), row.waiting && waitingText(row.waiting, nowMs)]
        .filter(Boolean)
        .join('; '),
    ]),
  ])
}

/** `messages show`. */
export function messageText(row: MessageRow, nowMs: number): string {
  return facts([
    ['Cid', row.cid ?? 'not signed yet'],
    ['State', `${row.state} for ${since(nowMs, row.stateSinceMs)}`],
    ['Waiting', row.waiting && waitingText(row.waiting, nowMs)],
    ['Failure', row.failure && failureText(row.failure)],
    ['Why', row.reason],
    ['Request', row.requestId],
    ['Class', row.class],
    ['From', row.from],
    ['Nonce', row.nonce],
    ['To', row.to],
    ['Method', method(row)],
    ['Value', formatFil(attoFilFromText(row.value))],
    ['GasLimit', row.gasLimit],
    ['GasFeeCap', row.gasFeeCap && `${row.gasFeeCap} attoFIL per gas`],
    ['GasPremium', row.gasPremium && `${row.gasPremium} attoFIL per gas`],
    ['Included', row.includedEpoch === null ? null : `epoch ${row.includedEpoch}`],
    ['Exit code', row.exitCode],
    ['Uuid', row.uuid],
  ])
}

function method(row: MessageRow): string {
  return row.methodName === '' ? `${row.method}` : `${row.methodName} (${row.method})`
}

/** `t3ugrj...`: as lotus shortens addresses in tables; ID addresses stay whole. */
export function shortAddress(address: string): string {
  return address.length <= 12 ? address : `${address.slice(0, 6)}...`
}
