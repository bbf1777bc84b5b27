import { codeOf, RemoteError } from '@sealane/host'
import type { minerV1 } from '@sealane/proto'
import { failureFrom } from '../events/failure-from.js'
import type { Piece, Sector } from '../sealer-db.js'
import type { Outcome, StepTools } from './step.js'

/** Steps whose messages the miner sends. */
export type ChainStep = 'preCommit' | 'proveCommit'

/** A request whose end is not told is made again after this long; its request id makes that harmless. Unit: ms. */
export const ASK_AGAIN_MS = 10 * 60_000

/** The envelope of a sector's request: the same turn is the same request for ever. */
export function envelope(
  sector: Sector,
  step: ChainStep,
  turn: number,
  coordinatorEpoch: number,
): minerV1.Envelope {
  return {
    requestId: `s${sector.sector_number}-${step}-${turn}`,
    sectorNumber: sector.sector_number,
    step,
    turn,
    coordinatorEpoch,
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

/** Throws the miner's refusal as an error with its own code and remedy; nothing when it took the request. */
export function refuse(refusal: minerV1.Refusal | undefined): void {
  const failure = failureFrom(refusal)
  if (failure !== undefined) throw new RemoteError({ code: failure.code }, failure.text, failure.remedy)
}

/**
 * Makes a request; a refusal whose code `way` knows moves the sector instead of failing it. An older turn than the miner holds is
 * caught up with.
 */
export async function askMiner(
  ask: () => Promise<{
    recorded?: minerV1.Recorded | undefined
    refusal?: minerV1.Refusal | undefined
    messageUuid: string
  }>,
  sent: (messageUuid: string) => Outcome,
  way: (code: string, text: string) => Outcome | undefined,
): Promise<Outcome> {
  try {
    const answer = await ask()
    refuse(answer.refusal)
    if (answer.recorded !== undefined) return { heldTurn: answer.recorded.turn }
    return sent(answer.messageUuid)
  } catch (error) {
    const outcome = way(codeOf(error), error instanceof Error ? error.message : String(error))
    if (outcome === undefined) throw error
    return outcome
  }
}

export function waitForChain(what: string, wakeInMs: number): Outcome {
  return { wait: { for: what, who: 'chain', untilEpoch: null }, wakeInMs }
}

/** When a request that has been waited for so long is to be made again: in so many ms, at most 0 when it is time. */
export function untilAskAgainMs(sector: Sector, tools: StepTools): number {
  const waitedMs = tools.now() - sector.state_since_ms
  return waitedMs < ASK_AGAIN_MS ? ASK_AGAIN_MS - waitedMs : 0
}
