import { decodeTransferParams, parseTransferUrl } from '@sealane/market'
import type { DealStore } from '../deals/deal-store.js'
import type { DealTable, TransferTable } from '../provider-db.js'

/**
 * Where a transfer's bytes come from: a host name or a peer id, empty for a file of our own. Never the URL: its path and
 * its headers may hold the client's secrets.
 */
export function hostOf(
  deals: DealStore,
  deal: DealTable,
  transfer: Pick<TransferTable, 'import_path'>,
): string {
  if (transfer.import_path !== null || deal.offline === 1) return ''
  const parsed = parseTransferUrl(decodeTransferParams(deals.params(deal).transfer.params).url)
  return 'peerId' in parsed ? parsed.peerId : parsed.host
}
