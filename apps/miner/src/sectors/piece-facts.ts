import type { minerV1 } from '@sealane/proto'
import { z } from 'zod'

/** A piece of a request as its row keeps it. */
export const pieceFactsSchema = z.object({
  pieceCid: z.string(),
  /** Bytes. */
  paddedSize: z.int(),
  dealId: z.int().nullable(),
  startEpoch: z.int(),
  endEpoch: z.int(),
})
export type PieceFacts = z.infer<typeof pieceFactsSchema>

export function pieceFacts(piece: minerV1.Piece): PieceFacts {
  const { pieceCid, paddedSize, dealId, hasDeal, startEpoch, endEpoch } = piece
  return { pieceCid, paddedSize, dealId: hasDeal ? dealId : null, startEpoch, endEpoch }
}

export function dealIdsOf(pieces: readonly PieceFacts[]): number[] {
  return pieces.flatMap(({ dealId }) => (dealId === null ? [] : [dealId]))
}
