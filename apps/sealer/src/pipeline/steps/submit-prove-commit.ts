import { timesSinceHeld } from '../../history.js'
import type { Piece, Sector } from '../../sealer-db.js'
import { SealerError } from '../../sealer-error.js'
import { withoutProof } from '../forgotten.js'
import { hexToBytes } from '../hex.js'
import { required } from '../required.js'
import type { Outcome, Step, StepTools } from '../step.js'
import { askMiner, envelope, manifest } from '../to-miner.js'

/** So many proofs in a row that do not verify are no accident: a person must look at the prover. */
const MOST_INVALID = 3

/** Hands ProveCommitSectors3's facts to the miner, after verifying the proof here: a bad one goes back to C1, not to the chain. */
export const submitProveCommit: Step = async (sector, pieces, tools) => {
  const miner = tools.facts.miner
  if (miner === undefined)
    return { wait: { for: 'the miner app', who: 'miner', untilEpoch: null }, wakeInMs: 1_000 }
  // Thrown away when the sector was held over it.
  if (sector.proof === null) return { event: 'proofInvalid', facts: withoutProof }
  const verifier = await tools.verifier()
  const { proof, commR, commD, ticket, seed } = proven(sector)
  const sealed = {
    minerId: miner.id,
    sectorNumber: sector.sector_number,
    sectorSize: BigInt(sector.sector_size),
  }
  if (!(await verifier.verifySeal({ sector: sealed, commR, commD, ticket, seed, proof })))
    return await invalid(sector, 'the PoRep does not verify here', tools)
  return await askProveCommit(sector, pieces, sector.turn, tools, (messageUuid) => ({
    event: 'proveCommitSent',
    facts: { prove_commit_turn: sector.turn },
    detail: messageUuid,
  }))
}

/** The request of `turn`, and what its answer makes of the sector. */
export async function askProveCommit(
  sector: Sector,
  pieces: readonly Piece[],
  turn: number,
  tools: StepTools,
  sent: (messageUuid: string) => Outcome,
): Promise<Outcome> {
  const request = {
    envelope: envelope(sector, 'proveCommit', turn, tools.coordinatorEpoch),
    ...proven(sector),
    seedEpoch: required(sector, 'seed_epoch'),
    pieces: manifest(pieces),
    prover: required(sector, 'prover'),
  }
  let refusedAs: string | undefined
  const outcome = await askMiner(
    () => tools.miner.submitProveCommit(request, { signal: tools.signal }),
    sent,
    (code, text) => {
      if (code !== 'PROOF_INVALID') return undefined
      refusedAs = text
      return { event: 'proofInvalid' }
    },
  )
  return refusedAs === undefined ? outcome : await invalid(sector, refusedAs, tools)
}

function proven(sector: Sector) {
  const bytes = (column: 'proof' | 'comm_r' | 'comm_d' | 'ticket' | 'seed') =>
    hexToBytes(required(sector, column))
  return {
    proof: bytes('proof'),
    commR: bytes('comm_r'),
    commD: bytes('comm_d'),
    ticket: bytes('ticket'),
    seed: bytes('seed'),
  }
}

async function invalid(sector: Sector, detail: string, tools: StepTools): Promise<Outcome> {
  const before = await timesSinceHeld(tools.db, sector.sector_number, 'proofInvalid')
  if (before + 1 < MOST_INVALID) return { event: 'proofInvalid', facts: withoutProof, detail }
  const error = new SealerError(
    { code: 'PROOF_INVALID', sector: sector.sector_number },
    `${MOST_INVALID} proofs of sector ${sector.sector_number} in a row did not verify (${detail}): check the machine and parameters of its commit worker, then release it`,
  )
  const failure = { code: error.code, remedy: error.remedy, text: error.message }
  return { event: 'held', facts: withoutProof, failure }
}
