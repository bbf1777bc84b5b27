import { halt, type Log } from '@sealane/host'
import { knows, type PieceEvent, pieceTransitions } from '@sealane/lifecycle'
import type { Failure, minerV1, Waiting } from '@sealane/proto'
import { backoffMs, SqlError, writing } from '@sealane/sql'
import { type AdmitOptions, admitPiece } from '../admission/admit-piece.js'
import { NUMBER_TRIES } from '../admission/sector-numbers.js'
import { rowFailure } from '../disk-trouble.js'
import { followPublication, nextPublicationEvent, readPublication } from '../events/apply-publication.js'
import type { HomeFacts } from '../events/home-facts.js'
import { retirePiece } from '../hub/retire.js'
import { refuse } from '../pipeline/to-miner.js'
import type { Piece } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'
import { type PullOptions, pullPiece } from './pull-piece.js'

/** First and longest wait after a failure that may pass by itself. Unit: ms. */
const RETRY = { baseMs: 1_000, capMs: 60_000 }
/** A piece that waits for a place is looked at again at least this often; freed places and changed limits wake it at once. Unit: ms. */
const ADMISSION_MS = 30_000
/** An answer of the miner that does not come is asked for again after this long. Unit: ms. */
const ASK_AGAIN_MS = 10 * 60_000

export interface PieceTools {
  miner: minerV1.MinerServiceClient
  facts: HomeFacts
  pull: PullOptions
  admission: Omit<AdmitOptions, 'sectorSizeBytes'>
  now: () => number
  signal: AbortSignal
  /** A piece went into this sector: look at it. */
  nudgeSector: (sectorNumber: number) => void
  /** This piece comes first: look at it. */
  nudgePiece: (dealUuid: string) => void
  /** A sector was opened: others may fit beside. */
  lookAtLine: () => void
  log: Log
}

type Outcome =
  | { event: PieceEvent }
  /** Moved already, in a transaction of its own. */
  | { moved: true }
  | { wait: Omit<Waiting, 'sinceMs'>; wakeInMs: number }
  /** Others, or nobody, have to act. */
  | { rest: true }

/** One step of one piece. Returns true when it moved. Whatever fails is in the row, with its remedy, before this returns. */
export async function advancePiece(dealUuid: string, tools: PieceTools): Promise<boolean> {
  const { pieces } = tools.admission
  const piece = await pieces.read(dealUuid)
  if (!piece) return false
  try {
    const outcome = await step(piece, tools)
    if ('moved' in outcome) return true
    return await writing(pieces.db, async (trx) => {
      const nowMs = tools.now()
      if ('event' in outcome) {
        await pieces.move(trx, piece, outcome.event, {}, { nowMs })
        return true
      }
      if ('rest' in outcome) {
        // Why it was held or dropped stays: the operator and the client read it in the row.
        const failure = piece.failure === null ? null : (JSON.parse(piece.failure) as Failure)
        await pieces.keep(trx, piece, { nowMs, wakeInMs: null, waiting: null, failure, retry: false })
        return false
      }
      const { wait: waiting, wakeInMs } = outcome
      await pieces.keep(trx, piece, { nowMs, wakeInMs, waiting, failure: null, retry: false })
      return false
    })
  } catch (error) {
    if (tools.signal.aborted) return false
    const stale = error instanceof SqlError && error.facts.code === 'STALE_TURN'
    if (!stale && (await fail(piece, error, tools))) return true
    // Dropped during the pull: its bytes were moved out of service before they came.
    if (piece.state === 'Pulling' && (await pieces.read(dealUuid))?.state === 'Dropped')
      tools.nudgePiece(dealUuid)
    return false
  }
}

/** What a failure does to the piece. Returns true when it moved. */
async function fail(before: Piece, error: unknown, tools: PieceTools): Promise<boolean> {
  const { pieces } = tools.admission
  const failure = rowFailure(error)
  tools.log.warn('piece step failed', { dealUuid: before.deal_uuid, state: before.state, ...failure })
  if (failure.remedy === 'halt') {
    halt(error)
    return false
  }
  return await writing(pieces.db, async (trx) => {
    const piece = await pieces.read(before.deal_uuid, trx)
    if (piece?.turn !== before.turn) return false
    const nowMs = tools.now()
    const event = failure.remedy === 'drop' ? 'dropped' : 'held'
    if (failure.remedy === 'retry' || !knows(pieceTransitions, piece.state, event)) {
      const wakeInMs = backoffMs(piece.tries, RETRY)
      await pieces.keep(trx, piece, { nowMs, wakeInMs, waiting: null, failure, retry: true })
      return false
    }
    await pieces.move(trx, piece, event, {}, { nowMs, failure })
    return true
  })
}

async function step(piece: Piece, tools: PieceTools): Promise<Outcome> {
  dropExpired(piece, tools.facts.headEpoch)
  if (await follow(piece, tools)) return { moved: true }
  switch (piece.state) {
    case 'Offered':
      return { event: 'pullStarted' }
    case 'Pulling':
      await pullPiece(piece, tools.pull)
      return { event: 'arrived' }
    case 'Home':
      return { event: 'publishRequested' }
    case 'Publishing':
      return await publish(piece, tools)
    case 'Published':
      return await admit(piece, tools)
    case 'Dropped':
      await retirePiece(piece, tools.admission.pieces.db, tools.pull.dirs, 'its deal was dropped')
      return { rest: true }
    case 'InSector':
    case 'Sealed':
    case 'Held':
      return { rest: true }
  }
}

/** Before it is with the miner, and again before it gets a sector, a deal whose start epoch has passed can never become active. */
function dropExpired(piece: Piece, headEpoch: number | undefined): void {
  const early = ['Offered', 'Pulling', 'Home', 'Published'].includes(piece.state)
  if (!early || headEpoch === undefined || headEpoch < piece.start_epoch) return
  throw new SealerError(
    { code: 'DEAL_EXPIRED', dealUuid: piece.deal_uuid, startEpoch: piece.start_epoch, headEpoch },
    `its start epoch ${piece.start_epoch} has passed (now ${headEpoch})`,
  )
}

/** Takes what the miner told of this deal before the piece could take it. */
async function follow(piece: Piece, tools: PieceTools): Promise<boolean> {
  const { pieces } = tools.admission
  const told = await readPublication(pieces.db, piece.deal_uuid)
  if (told === undefined || nextPublicationEvent(piece, told) === undefined) return false
  return await writing(pieces.db, (trx) => followPublication(trx, piece.deal_uuid, pieces, tools.now()))
}

/** Hands the proposal to the miner; equal repeats are one request. */
async function publish(piece: Piece, tools: PieceTools): Promise<Outcome> {
  const signedProposal = new Uint8Array(Buffer.from(piece.signed_proposal, 'base64'))
  const answer = await tools.miner.publishDeal(
    { requestId: piece.deal_uuid, signedProposal },
    { signal: tools.signal },
  )
  refuse(answer.refusal)
  const wait = {
    for: 'PublishStorageDeals (10 epochs of confidence)',
    who: 'miner',
    untilEpoch: piece.start_epoch,
  }
  return { wait, wakeInMs: ASK_AGAIN_MS }
}

async function admit(piece: Piece, tools: PieceTools): Promise<Outcome> {
  const miner = tools.facts.miner
  if (!miner) return { wait: { for: 'the miner app', who: 'miner', untilEpoch: null }, wakeInMs: 1_000 }
  const options = { ...tools.admission, sectorSizeBytes: miner.sectorSizeBytes }
  let answer = await admitPiece(piece.deal_uuid, options)
  // Somebody else may be quicker with the number that we asked for.
  for (let tries = 0; !answer.admitted && answer.needNumber && tries < NUMBER_TRIES; tries += 1) {
    await tools.admission.numbers.stock()
    answer = await admitPiece(piece.deal_uuid, options)
  }
  if (answer.admitted) {
    tools.nudgeSector(answer.sectorNumber)
    if (answer.opened) tools.lookAtLine()
    return { moved: true }
  }
  if (answer.first !== undefined) tools.nudgePiece(answer.first)
  const who = answer.why.endsWith('(off)') ? 'operator' : 'sealer'
  return { wait: { for: answer.why, who, untilEpoch: piece.start_epoch }, wakeInMs: ADMISSION_MS }
}
