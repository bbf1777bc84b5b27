import { attoFilFromText, formatFil } from '@sealane/fil-units'
import { columnTable } from './column-table.js'
import { shortAddress } from './messages-table.js'

export interface ControlRow {
  /** owner, worker, beneficiary, control-0 … */
  readonly name: string
  readonly id: string
  readonly key: string
  /** What it signs: post, commit, deals, other. */
  readonly use: string
  /** attoFIL. */
  readonly balance: string
}

/** `actor control list`. Source: filecoin-project/lotus cli/spcli/actor.go, as recorded. */
export function controlTable(rows: readonly ControlRow[], verbose: boolean): string {
  return columnTable(
    ['name', 'ID', 'key', 'use', 'balance'].map((name) => ({ name })),
    rows.map((row) => ({
      name: row.name,
      ID: row.id,
      key: verbose ? row.key : shortAddress(row.key),
      use: row.use,
      balance: formatFil(attoFilFromText(row.balance)),
    })),
  )
}
