import type { OperatorHandlers, sealerOperator } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { SealerError } from '../sealer-error.js'
import type { OperatorTools } from './operator-tools.js'
import { pieceRow } from './rows.js'

type PieceHandlers = Pick<OperatorHandlers<typeof sealerOperator>, 'pieces.list' | 'pieces.release'>

/** Pieces at home. */
export function pieceHandlers({ pieces, now, nudgePiece }: OperatorTools): PieceHandlers {
  const { db } = pieces
  const known = async (dealUuid: string) => {
    const piece = await pieces.read(dealUuid)
    if (piece) return piece
    throw new SealerError({ code: 'NO_SUCH_DEAL', dealUuid }, `no deal ${dealUuid} at home`)
  }
  return {
    'pieces.list': async () =>
      (await db.selectFrom('pieces').selectAll().orderBy('state_since_ms').execute()).map(pieceRow),
    'pieces.release': async ({ dealUuid }) => {
      const piece = await known(dealUuid)
      if (piece.state !== 'Held') {
        const facts = { code: 'PIECE_NOT_HELD', dealUuid, state: piece.state } as const
        throw new SealerError(facts, `deal ${dealUuid} is ${piece.state}: nothing holds it`)
      }
      // A published deal waits for a sector again; anything earlier starts over, and finds what is done already.
      const event = piece.held_from === 'Published' ? 'admissionRetried' : 'released'
      const detail = 'released by an operator'
      await writing(db, (trx) => pieces.move(trx, piece, event, {}, { nowMs: now(), detail }))
      nudgePiece(dealUuid)
      return pieceRow(await known(dealUuid))
    },
  }
}
