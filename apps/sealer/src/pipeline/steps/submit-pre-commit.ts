import { hexToBytes } from '../hex.js'
import { required } from '../required.js'
import type { Step } from '../step.js'
import { ticketExpired } from '../ticket-expired.js'
import { envelope, manifest, refuse } from '../to-miner.js'

/** Hands PreCommitSectorBatch2's facts to the miner. Equal repeats get the recorded answer. */
export const submitPreCommit: Step = async (sector, pieces, tools) => {
  if (ticketExpired(sector, tools)) return { event: 'ticketExpired' }
  const answer = await tools.miner.submitPreCommit(
    {
      envelope: envelope(sector, 'preCommit', tools),
      commR: hexToBytes(required(sector, 'comm_r')),
      commD: hexToBytes(required(sector, 'comm_d')),
      committedCapacity: sector.kind === 'cc',
      ticketEpoch: required(sector, 'ticket_epoch'),
      ticket: hexToBytes(required(sector, 'ticket')),
      pieces: manifest(pieces),
      prover: required(sector, 'prover'),
    },
    { signal: tools.signal },
  )
  refuse(answer.refusal)
  return { event: 'preCommitSent', detail: answer.messageUuid }
}
