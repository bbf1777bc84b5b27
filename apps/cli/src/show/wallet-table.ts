import { attoFilFromText, formatFil } from '@sealane/fil-units'
import type { minerOperator, ResultOf } from '@sealane/proto'
import { columnTable } from './column-table.js'

type Key = ResultOf<(typeof minerOperator)['wallet.list']>[number]

/** `wallet list`: lotus' columns, with the key's name in place of the default mark. Source: lotus cli/wallet.go, as recorded. */
export function walletTable(keys: readonly Key[], o: { ids: boolean }): string {
  return columnTable(
    [{ name: 'Address' }, { name: 'ID' }, { name: 'Balance' }, { name: 'Nonce' }, { name: 'Name' }],
    keys.map((key) => ({
      Address: key.address,
      ID: o.ids ? (key.id ?? 'n/a') : undefined,
      Balance: formatFil(attoFilFromText(key.balance)),
      Nonce: `${key.nonce}`,
      Name: key.name,
    })),
  )
}
