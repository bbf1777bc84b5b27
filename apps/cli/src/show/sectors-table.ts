import { formatBinaryBytes } from '@sealane/fil-units'
import type { SectorRow } from '@sealane/proto'
import { type ChainClock, epochTime } from './clock-time.js'
import { columnTable } from './column-table.js'
import { failureText, progressText, waitingText } from './state-text.js'

/** What the chain says of the miner's sectors; undefined: no chain node. */
export interface SectorsOnChain {
  readonly onChain: ReadonlySet<number>
  readonly active: ReadonlySet<number>
}

/** `sectors list`. Source: lotus v1.36 cmd/lotus-miner/sectors.go, as recorded. */
export function sectorsTable(
  rows: readonly SectorRow[],
  o: { nowMs: number; clock: ChainClock | undefined; chain: SectorsOnChain | undefined; fast: boolean },
): string {
  return columnTable(
    [
      { name: 'ID' },
      { name: 'State' },
      { name: 'OnChain' },
      { name: 'Active' },
      ...(o.fast ? [] : [{ name: 'Expiration' }]),
      { name: 'Deals' },
      ...(o.fast ? [] : [{ name: 'DealWeight' }]),
      { name: 'Progress' },
      { name: 'Waiting', ownLine: true },
      { name: 'Error', ownLine: true },
    ],
    rows.map((row) => {
      const deals = row.pieces.filter((piece) => piece.dealUuid !== null || piece.dealId !== null)
      const weight = deals.reduce((sum, piece) => sum + BigInt(piece.pieceSize), 0n)
      return {
        ID: `${row.sectorNumber}`,
        State: row.state,
        OnChain: o.chain && yesNo(o.chain.onChain.has(row.sectorNumber)),
        Active: o.chain && yesNo(o.chain.active.has(row.sectorNumber)),
        Expiration: row.expiration === null ? undefined : epochTime(o.clock, row.expiration),
        Deals: deals.length === 0 ? 'CC' : `${deals.length}`,
        DealWeight: weight === 0n ? undefined : formatBinaryBytes(weight),
        Progress: row.progress === null ? undefined : progressText(row.progress),
        Waiting: row.waiting === null ? undefined : waitingText(row.waiting, o.nowMs, o.clock),
        Error: row.failure === null ? undefined : failureText(row.failure),
      }
    }),
  )
}

function yesNo(is: boolean): string {
  return is ? 'YES' : 'NO'
}
