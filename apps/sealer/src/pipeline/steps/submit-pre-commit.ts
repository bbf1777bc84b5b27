import type { Piece, Sector } from '../../sealer-db.js'
import { needsNewTicket, withoutTicket } from '../forgotten.js'
import { hexToBytes } from '../hex.js'
import { required } from '../required.js'
import type { Outcome, Step, StepTools } from '../step.js'
import { askMiner, envelope, manifest } from '../to-miner.js'

/**
 * Hands PreCommitSectorBatch2's facts to the miner. Equal repeats get the recorded answer. Whether the ticket is still good is the
 * miner's to say: an earlier, unanswered request may have been taken in time.
 */
export const submitPreCommit: Step = (sector, pieces, tools) =>
  askPreCommit(sector, pieces, sector.turn, tools, (messageUuid) => ({
    event: 'preCommitSent',
    facts: { pre_commit_turn: sector.turn },
    detail: messageUuid,
  }))

/** The request of `turn`, and what its answer makes of the sector. */
export async function askPreCommit(
  sector: Sector,
  pieces: readonly Piece[],
  turn: number,
  tools: StepTools,
  sent: (messageUuid: string) => Outcome,
): Promise<Outcome> {
  const request = {
    envelope: envelope(sector, 'preCommit', turn, tools.coordinatorEpoch),
    commR: hexToBytes(required(sector, 'comm_r')),
    commD: hexToBytes(required(sector, 'comm_d')),
    committedCapacity: sector.kind === 'cc',
    ticketEpoch: required(sector, 'ticket_epoch'),
    ticket: hexToBytes(required(sector, 'ticket')),
    pieces: manifest(pieces),
    prover: required(sector, 'prover'),
  }
  return await askMiner(
    () => tools.miner.submitPreCommit(request, { signal: tools.signal }),
    sent,
    (code, text) =>
      needsNewTicket(code) ? { event: 'ticketExpired', facts: withoutTicket, detail: text } : undefined,
  )
}
