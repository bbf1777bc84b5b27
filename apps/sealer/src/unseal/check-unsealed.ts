import { createReadStream } from 'node:fs'
import { commitmentOf, parseCid } from '@sealane/actors'
import { paddedSize } from '@sealane/fil-units'
import { CommPWriter, commPMatches } from '@sealane/pieces'
import type { Piece } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'

/** Unpadded bytes of padded ones: 127 for each 128. */
export const unpadded = (paddedBytes: number): number => (paddedBytes / 128) * 127

/** The piece whose whole payload a range of the sector holds, if there is one. Unit: unpadded bytes. */
export function wholePiece(pieces: readonly Piece[], offset: number, length: number): Piece | undefined {
  return pieces.find(
    (piece) =>
      piece.padded_offset !== null &&
      offset === unpadded(piece.padded_offset) &&
      length >= piece.payload_size &&
      length <= unpadded(piece.piece_size),
  )
}

/**
 * Recomputes the commitment of a whole piece that was unsealed. A wrong ticket or CommD gives wrong bytes without an error: nobody may
 * get those for the client's. Throws SealerError UNSEALED_WRONG (`hold`).
 */
export async function checkUnsealed(path: string, piece: Piece): Promise<void> {
  const hasher = new CommPWriter()
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    await hasher.write(chunk as Buffer)
  const digest = await hasher.digest()
  const wanted = commitmentOf(parseCid(piece.piece_cid))
  if (commPMatches(digest, wanted, paddedSize(BigInt(piece.piece_size)))) return
  const sector = piece.sector_number ?? -1
  const actual = Buffer.from(digest.commP).toString('hex')
  throw new SealerError(
    { code: 'UNSEALED_WRONG', sector, pieceCid: piece.piece_cid, actual },
    `what sector ${sector} unseals to is not piece ${piece.piece_cid}: its ticket, its CommD or its sealed file is wrong`,
  )
}
