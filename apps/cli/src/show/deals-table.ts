import { attoFilFromText, formatBinaryBytes, formatFil, totalPrice } from '@sealane/fil-units'
import { legacyDealState } from '@sealane/lifecycle'
import type { DealRow } from '@sealane/proto'
import { stamp } from './clock-time.js'
import { failureText, waitingText } from './state-text.js'
import { tabTable } from './tab-table.js'

/** The name operators know (`StorageDealPublishing`); a state this command does not know yet as it is. */
export function dealStateName(state: string): string {
  return (legacyDealState as Readonly<Record<string, string>>)[state] ?? state
}

/** `...yu3bdena`: the last eight characters, as lotus shortens CIDs. */
export function shortCid(cid: string): string {
  return `...${cid.slice(-8)}`
}

/** attoFIL as the wire carries it → FIL for the whole deal. */
export function dealPrice(row: Pick<DealRow, 'pricePerEpoch' | 'startEpoch' | 'endEpoch'>): string {
  return formatFil(totalPrice(attoFilFromText(row.pricePerEpoch), row.endEpoch - row.startEpoch))
}

/**
 * `storage-deals list`. The ProposalCid is the signed proposal's, the one that `client deal` prints.
 * Source: S7 of the operator notes; filecoin-project/lotus@v0.5.0 cmd/lotus-storage-miner/market.go:341-399.
 */
export function dealsTable(rows: readonly DealRow[], o: { verbose: boolean; nowMs: number }): string {
  const sorted = [...rows].sort((a, b) => a.createdMs - b.createdMs)
  if (!o.verbose) {
    return tabTable([
      ['ProposalCid', 'DealId', 'State', 'Client', 'Size', 'Price', 'Duration'],
      ...sorted.map((row) => [shortCid(row.signedProposalCid), ...common(row)]),
    ])
  }
  return tabTable([
    [
      'Creation',
      'Verified',
      'DealUuid',
      'ProposalCid',
      'DealId',
      'State',
      'Client',
      'Size',
      'Price',
      'Duration',
      'Message',
    ],
    ...sorted.map((row) => [
      stamp(row.createdMs),
      row.verified ? 'Y' : 'N',
      row.dealUuid,
      row.signedProposalCid,
      ...common(row),
      messageOf(row, o.nowMs),
    ]),
  ])
}

function common(row: DealRow): string[] {
  return [
    `${row.dealId ?? 0}`,
    dealStateName(row.state),
    row.client,
    formatBinaryBytes(BigInt(row.pieceSize)),
    dealPrice(row),
    `${row.endEpoch - row.startEpoch}`,
  ]
}

function messageOf(row: DealRow, nowMs: number): string {
  if (row.failure !== null) return failureText(row.failure)
  return row.waiting === null ? '' : `waiting for ${waitingText(row.waiting, nowMs)}`
}
