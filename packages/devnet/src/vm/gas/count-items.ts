import {
  declareFaultsParams,
  declareFaultsRecoveredParams,
  preCommitSectorBatchParams2,
  proveCommitSectors3Params,
  publishStorageDealsParams,
  submitWindowedPostParams,
} from '@sealane/actors'
import type { ActorKind } from '../state/chain-tables.js'

/** How many sectors, deals, partitions or declarations a call is about: what its gas grows with. 1 when it cannot be read. */
export function countItems(kind: ActorKind, method: number, params: Uint8Array): number {
  try {
    if (kind === 'market' && method === 4) return publishStorageDealsParams.decode(params).deals.length
    if (kind !== 'miner') return 1
    if (method === 5) return submitWindowedPostParams.decode(params).partitions.length
    if (method === 10) return declareFaultsParams.decode(params).faults.length
    if (method === 11) return declareFaultsRecoveredParams.decode(params).recoveries.length
    if (method === 28) return preCommitSectorBatchParams2.decode(params).sectors.length
    if (method === 34) return proveCommitSectors3Params.decode(params).sectorActivations.length
  } catch {
    // Unreadable parameters: the call itself fails with exit code 21, which costs the same for any count.
  }
  return 1
}
