import type { workV1 } from '@sealane/proto'
import { c1HubPath, pieceHubPath } from '../hub/hub-paths.js'
import { hexToBytes } from '../pipeline/hex.js'
import { required } from '../pipeline/required.js'
import type { WorkerTask } from '../pipeline/worker-queue.js'
import type { Piece, Sector } from '../sealer-db.js'

/** Everything a worker needs for a task, and nothing it could be pointed astray with. */
export function taskOf(
  task: WorkerTask,
  sector: Sector,
  pieces: readonly Piece[],
  o: { minerId: number; storageId: string; prover: string; claimId: string },
): workV1.Task {
  return {
    sectorNumber: sector.sector_number,
    sectorSize: sector.sector_size,
    minerId: o.minerId,
    storageId: o.storageId,
    prover: o.prover,
    work: workOf(task, sector, pieces.map(taskPiece), o.claimId),
  }
}

function taskPiece(piece: Piece): workV1.TaskPiece {
  return {
    pieceCid: piece.piece_cid,
    paddedSize: piece.piece_size,
    offset: piece.padded_offset ?? 0,
    payloadSize: piece.payload_size,
    hubPath: pieceHubPath(piece),
  }
}

function workOf(
  task: WorkerTask,
  sector: Sector,
  pieces: workV1.TaskPiece[],
  claimId: string,
): workV1.Task['work'] {
  const hex = (column: 'ticket' | 'seed' | 'comm_r' | 'comm_d') => hexToBytes(required(sector, column))
  switch (task) {
    case 'pc1':
      return {
        $case: 'preCommit1',
        value: { pieces, ticket: hex('ticket'), ticketEpoch: required(sector, 'ticket_epoch') },
      }
    case 'pc2':
      return { $case: 'preCommit2', value: { winningClaim: required(sector, 'winning_claim') } }
    case 'c1':
      return {
        $case: 'commit1',
        value: {
          ticket: hex('ticket'),
          seed: hex('seed'),
          commR: hex('comm_r'),
          commD: hex('comm_d'),
          pieces,
          hubPath: c1HubPath(claimId),
          winningClaim: required(sector, 'winning_claim'),
        },
      }
    case 'c2':
      return {
        $case: 'commit2',
        value: {
          hubPath: c1HubPath(required(sector, 'c1_claim')),
          commR: hex('comm_r'),
          commD: hex('comm_d'),
          ticket: hex('ticket'),
          seed: hex('seed'),
          c1Bytes: required(sector, 'c1_bytes'),
        },
      }
    case 'finalize':
      return {
        $case: 'finalize',
        value: { winningClaim: required(sector, 'winning_claim'), keepUnsealed: true },
      }
  }
}
