import type { minerV1 } from '@sealane/proto'
import type { Piece, Sector } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'
import type { Outcome, StepTools } from './step.js'

/** Steps whose messages the miner sends. */
export type ChainStep = 'preCommit' | 'proveCommit'

/** An answer that does not come is asked for again after this long; the request id makes that harmless. Unit: ms. */
export const ASK_AGAIN_MS = 10 * 60_000

export function envelope(sector: Sector, step: ChainStep, tools: StepTools): minerV1.Envelope {
  return {
    requestId: `s${sector.sector_number}-${step}-${sector.turn}`,
    sectorNumber: sector.sector_number,
    step,
    turn: sector.turn,
    coordinatorEpoch: tools.coordinatorEpoch,
  }
}

/** Pieces as the miner needs them, in sector order. */
export function manifest(pieces: readonly Piece[]): minerV1.Piece[] {
  return [...pieces]
    .sort((a, b) => (a.padded_offset ?? 0) - (b.padded_offset ?? 0))
    .map((piece) => ({
      pieceCid: piece.piece_cid,
      paddedSize: piece.piece_size,
      dealId: piece.deal_id ?? 0,
      hasDeal: piece.deal_id !== null,
      startEpoch: piece.start_epoch,
      endEpoch: piece.end_epoch,
    }))
}

/** The miner's refusal as an error with its own remedy; nothing when it took the request. */
export function refuse(refusal: minerV1.Refusal | undefined): void {
  if (refusal === undefined || refusal.code === '') return
  const remedyText =
    (['retry', 'hold', 'drop', 'halt'] as const).find((word) => word === refusal.remedy) ?? 'hold'
  throw new SealerError(
    { code: 'REFUSED_BY_MINER', refusal: refusal.code, text: refusal.text, remedyText },
    refusal.text,
  )
}

export function waitForChain(what: string): Outcome {
  return { wait: { for: what, who: 'chain', untilEpoch: null }, wakeInMs: ASK_AGAIN_MS }
}
