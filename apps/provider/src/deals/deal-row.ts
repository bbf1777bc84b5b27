import type { DealRow, Failure, Waiting } from '@sealane/proto'
import type { DealTable, TransferTable } from '../provider-db.js'

/** A deal as operators see it. `network` decides how addresses are spelled. */
export function dealRowOf(
  deal: DealTable,
  transfer: TransferTable | undefined,
  format: (address: string) => string,
): DealRow {
  return {
    dealUuid: deal.deal_uuid,
    proposalCid: deal.proposal_cid,
    signedProposalCid: deal.signed_proposal_cid,
    state: deal.state,
    stateSinceMs: deal.state_since_ms,
    waiting: waitingOf(deal, transfer),
    failure: (parsed(deal.failure) ?? parsed(transfer?.failure ?? null)) as Failure | null,
    client: format(deal.client),
    provider: format(deal.provider),
    pieceCid: deal.piece_cid,
    pieceSize: String(deal.piece_size),
    transferSize: String(transfer?.total_bytes || deal.transfer_size),
    receivedBytes: String(transfer?.received_bytes ?? 0),
    offline: deal.offline === 1,
    verified: deal.verified === 1,
    startEpoch: deal.start_epoch,
    endEpoch: deal.end_epoch,
    pricePerEpoch: deal.price_per_epoch,
    label: deal.label,
    createdMs: deal.created_ms,
    publishCid: deal.publish_cid,
    dealId: deal.deal_id,
    sectorNumber: deal.sector_number,
    sectorState: deal.sector_state,
    preCommitCid: deal.pre_commit_cid,
    proveCommitCid: deal.prove_commit_cid,
    windowPostCid: deal.window_post_cid,
    activeEpoch: deal.active_epoch,
    provenEpoch: deal.proven_epoch,
  }
}

/** What a deal waits for, in the operators' words. */
function waitingOf(deal: DealTable, transfer: TransferTable | undefined): Waiting | null {
  const known = parsed(deal.waiting) as Waiting | null
  if (known !== null) return known
  const since = deal.state_since_ms
  switch (deal.state) {
    case 'Accepted':
      if (transfer?.state === 'Paused') return pausedSince(transfer, deal)
      return { for: 'a free transfer slot', who: 'provider', sinceMs: since, untilEpoch: deal.start_epoch }
    case 'AwaitingData':
      return {
        for: 'the data: sealane storage-deals import-data',
        who: 'operator',
        sinceMs: since,
        untilEpoch: deal.start_epoch,
      }
    case 'Transferring':
      if (transfer?.state === 'Paused') return pausedSince(transfer, deal)
      return transfer?.state === 'Waiting'
        ? {
            for: 'the next try of the transfer',
            who: 'client',
            sinceMs: transfer.state_since_ms,
            untilEpoch: deal.start_epoch,
          }
        : null
    case 'Transferred':
      return { for: 'home to take the bytes', who: 'sealer', sinceMs: since, untilEpoch: deal.start_epoch }
    default:
      return null
  }
}

function pausedSince(transfer: TransferTable, deal: DealTable): Waiting {
  return {
    for: 'its transfer to be resumed: sealane transfers resume',
    who: 'operator',
    sinceMs: transfer.state_since_ms,
    untilEpoch: deal.start_epoch,
  }
}

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json)
}
