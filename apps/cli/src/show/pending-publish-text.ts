import { formatBinaryBytes } from '@sealane/fil-units'
import type { minerOperator, ResultOf } from '@sealane/proto'
import { since } from './clock-time.js'
import { failureText, waitingText } from './state-text.js'
import { tabTable } from './tab-table.js'

export type QueuedDeal = ResultOf<(typeof minerOperator)['publications.list']>[number] & {
  readonly client: string | null
  readonly pieceSize: string | null
}

/** `storage-deals pending-publish`. Source: filecoin-project/lotus@v1.22 cmd/lotus-miner/market.go (pending-publish). */
export function pendingPublishText(deals: readonly QueuedDeal[], nowMs: number): string {
  if (deals.length === 0) return 'No deals queued to be published\n'
  const rows = deals.map((deal) => [
    deal.proposalCid,
    deal.client ?? '?',
    deal.pieceSize === null ? '?' : formatBinaryBytes(BigInt(deal.pieceSize)),
    since(nowMs, deal.stateSinceMs),
    [deal.failure && failureText(deal.failure), deal.waiting && waitingText(deal.waiting, nowMs)]
      .filter(Boolean)
      .join('; '),
  ])
  return `${deals.length} deals queued to be published:\n${tabTable([['ProposalCID', 'Client', 'Size', 'Since', 'Waiting'], ...rows])}`
}
