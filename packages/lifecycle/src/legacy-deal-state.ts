import type { DealState } from './deal.js'

/**
 * The StorageDeal… name that operators of lotus-miner's market know, for display only.
 * Source: go-fil-markets storagemarket/dealstatus.go (31 names; these are the ones our states can show).
 */
export const legacyDealState: Readonly<Record<DealState, string>> = {
  Accepted: 'StorageDealProposalAccepted',
  AwaitingData: 'StorageDealWaitingForData',
  Transferring: 'StorageDealTransferring',
  Transferred: 'StorageDealVerifyData',
  AtHome: 'StorageDealPublish',
  Publishing: 'StorageDealPublishing',
  Published: 'StorageDealAwaitingPreCommit',
  Sealing: 'StorageDealSealing',
  Active: 'StorageDealActive',
  Expired: 'StorageDealExpired',
  Slashed: 'StorageDealSlashed',
  Failed: 'StorageDealError',
}
