import type { OperatorHandlers, PieceRow, SectorRow, sealerOperator } from '@sealane/proto'
import type { Claim, Piece, SealerDb, Sector } from '../sealer-db.js'

type WorkerRow = Awaited<ReturnType<OperatorHandlers<typeof sealerOperator>['sealing.workers']>>[number]

const parsed = <Value>(json: string | null): Value | null =>
  json === null ? null : (JSON.parse(json) as Value)

/** A sector as operators see it. */
export function sectorRow(sector: Sector, pieces: readonly Piece[], claim: Claim | undefined): SectorRow {
  return {
    sectorNumber: sector.sector_number,
    state: sector.state,
    stateSinceMs: sector.state_since_ms,
    turn: sector.turn,
    waiting: parsed(sector.waiting),
    failure: parsed(sector.failure),
    committedCapacity: sector.kind === 'cc',
    prover: sector.prover ?? '',
    pieces: pieces.map((piece) => ({
      dealUuid: piece.deal_uuid,
      pieceCid: piece.piece_cid,
      pieceSize: String(piece.piece_size),
      offset: String(piece.padded_offset ?? 0),
      dealId: piece.deal_id,
    })),
    storageId: sector.storage_id,
    ticketEpoch: sector.ticket_epoch,
    ticket: sector.ticket,
    seedEpoch: sector.seed_epoch,
    seed: sector.seed,
    commD: sector.comm_d,
    commR: sector.comm_r,
    preCommitCid: sector.pre_commit_cid,
    preCommitEpoch: sector.pre_commit_epoch,
    proveCommitCid: sector.prove_commit_cid,
    activationEpoch: sector.activation_epoch,
    expiration: sector.expiration,
    deadline: sector.deadline,
    partition: sector.partition,
    provenEpoch: sector.proven_epoch,
    windowPostCid: sector.window_post_cid,
    progress: claim?.stage ? { stage: claim.stage, fraction: claim.fraction } : null,
  }
}

export function pieceRow(piece: Piece): PieceRow {
  return {
    dealUuid: piece.deal_uuid,
    pieceCid: piece.piece_cid,
    pieceSize: String(piece.piece_size),
    state: piece.state,
    stateSinceMs: piece.state_since_ms,
    waiting: parsed(piece.waiting),
    failure: parsed(piece.failure),
    proposalCid: piece.proposal_cid,
    publishCid: piece.publish_cid,
    dealId: piece.deal_id,
    sectorNumber: piece.sector_number,
  }
}

export function workerRow(worker: SealerDb['workers'], alive: boolean): WorkerRow {
  return {
    workerId: worker.worker_id,
    hostname: worker.hostname,
    tasks: JSON.parse(worker.tasks) as string[],
    concurrency: JSON.parse(worker.concurrency) as Record<string, number>,
    paths: (JSON.parse(worker.paths) as { id: string }[]).map((path) => path.id),
    prover: worker.prover,
    version: worker.version,
    lastSeenMs: worker.last_seen_ms,
    alive,
    progress: worker.stage ? { stage: worker.stage, fraction: worker.fraction } : null,
  }
}
