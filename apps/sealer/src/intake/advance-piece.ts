import { failureOf, type Identity, type Log } from '@sealane/host'
import type { PieceEvent } from '@sealane/lifecycle'
import type { minerV1 } from '@sealane/proto'
import { backoffMs, SqlError, writing } from '@sealane/sql'
import { admitPiece } from '../admission/admit-piece.js'
import { stockNumber } from '../admission/sector-numbers.js'
import type { HomeFacts } from '../events/home-facts.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import { refuse } from '../pipeline/to-miner.js'
import type { Piece } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'
import type { PieceStore } from './piece-store.js'
import { pullPiece } from './pull-piece.js'

/** First and longest wait after a failure that may pass by itself. Unit: ms. */
const RETRY = { baseMs: 1_000, capMs: 60_000 }
/** A piece that waits for a place is looked at again at least this often; freed places and changed limits wake it at once. Unit: ms. */
const ADMISSION_MS = 30_000
/** An answer of the miner that does not come is asked for again after this long. Unit: ms. */
const ASK_AGAIN_MS = 10 * 60_000

export interface PieceTools {
  pieces: PieceStore
  sectors: SectorStore
  miner: minerV1.MinerServiceClient
  facts: HomeFacts
  piecesDir: string
  stateDir: string
  piecesUrl: string
  tls: Identity
  waitDealsMs: number
  incarnation: string
  now: () => number
  signal: AbortSignal
  /** A piece went into this sector: look at it. */
  nudgeSector: (sectorNumber: number) => void
  log: Log
}

type Outcome =
  | { event: PieceEvent }
  | { done: true }
  | { wait: { for: string; who: string; untilEpoch: number | null }; wakeInMs: number }

/** One step of one piece. Returns true when it moved. Whatever fails is in the row, with its remedy, before this returns. */
export async function advancePiece(dealUuid: string, tools: PieceTools): Promise<boolean> {
  const { pieces, now } = tools
  const piece = await pieces.read(dealUuid)
  if (!piece) return false
  try {
    const outcome = await step(piece, tools)
    if ('done' in outcome) return true
    return await writing(pieces.db, async (trx) => {
      if ('event' in outcome) {
        await pieces.move(trx, piece, outcome.event, {}, { nowMs: now() })
        return true
      }
      const { wakeInMs, wait } = outcome
      await pieces.keep(trx, piece, { nowMs: now(), wakeInMs, waiting: wait, failure: null, retry: false })
      return false
    })
  } catch (error) {
    if (tools.signal.aborted || (error instanceof SqlError && error.facts.code === 'STALE_TURN')) return false
    await keepFailure(piece, error, tools)
    return false
  }
}

async function keepFailure(before: Piece, error: unknown, tools: PieceTools): Promise<void> {
  const { pieces, now, log } = tools
  const failure = failureOf(error)
  log.warn('piece step failed', { dealUuid: before.deal_uuid, state: before.state, ...failure })
  await writing(pieces.db, async (trx) => {
    // The step may have moved the row before it failed (Pulling).
    const piece = (await pieces.read(before.deal_uuid, trx)) ?? before
    if (failure.remedy === 'drop') await pieces.move(trx, piece, 'dropped', {}, { nowMs: now(), failure })
    else if (failure.remedy === 'hold') await pieces.move(trx, piece, 'held', {}, { nowMs: now(), failure })
    else {
      const wakeInMs = backoffMs(piece.tries, RETRY)
      await pieces.keep(trx, piece, { nowMs: now(), wakeInMs, waiting: null, failure, retry: true })
    }
  })
}

async function step(piece: Piece, tools: PieceTools): Promise<Outcome> {
  const head = tools.facts.headEpoch
  const early = ['Offered', 'Pulling', 'Home', 'Published'].includes(piece.state)
  if (early && head !== undefined && head >= piece.start_epoch) {
    throw new SealerError(
      { code: 'DEAL_EXPIRED', dealUuid: piece.deal_uuid, startEpoch: piece.start_epoch, headEpoch: head },
      `its start epoch ${piece.start_epoch} has passed (now ${head})`,
    )
  }
  switch (piece.state) {
    case 'Offered':
      return { event: 'pullStarted' }
    case 'Pulling':
      await pullPiece(piece, tools)
      return { event: 'arrived' }
    case 'Home':
      return { event: 'publishRequested' }
    case 'Publishing': {
      const answer = await tools.miner.publishDeal(
        {
          requestId: piece.deal_uuid,
          signedProposal: new Uint8Array(Buffer.from(piece.signed_proposal, 'base64')),
        },
        { signal: tools.signal },
      )
      refuse(answer.refusal)
      return {
        wait: {
          for: 'PublishStorageDeals (10 epochs of confidence)',
          who: 'miner',
          untilEpoch: piece.start_epoch,
        },
        wakeInMs: ASK_AGAIN_MS,
      }
    }
    case 'Published':
      return await admit(piece, tools)
    case 'InSector':
    case 'Sealed':
    case 'Held':
    case 'Dropped':
      return { wait: { for: 'its sector', who: 'sealer', untilEpoch: null }, wakeInMs: ASK_AGAIN_MS }
  }
}

async function admit(piece: Piece, tools: PieceTools): Promise<Outcome> {
  const miner = tools.facts.miner
  if (!miner) return { wait: { for: 'the miner app', who: 'miner', untilEpoch: null }, wakeInMs: 1_000 }
  const options = { sectorSizeBytes: miner.sectorSizeBytes, waitDealsMs: tools.waitDealsMs, now: tools.now }
  let answer = await admitPiece(piece.deal_uuid, tools.pieces, tools.sectors, options)
  if (!answer.admitted && answer.needNumber) {
    await stockNumber(tools.pieces.db, tools.miner, tools.incarnation, tools.signal)
    answer = await admitPiece(piece.deal_uuid, tools.pieces, tools.sectors, options)
  }
  if (answer.admitted) {
    tools.nudgeSector(answer.sectorNumber)
    return { done: true }
  }
  const who = answer.why.endsWith('(off)') ? 'operator' : 'sealer'
  return { wait: { for: answer.why, who, untilEpoch: piece.start_epoch }, wakeInMs: ADMISSION_MS }
}
