import { hexToBytes } from '../hex.js'
import { required } from '../required.js'
import type { Step } from '../step.js'
import { envelope, manifest, refuse } from '../to-miner.js'

/** Hands ProveCommitSectors3's facts to the miner, after verifying the proof here: a bad one goes back to C1, not to the chain. */
export const submitProveCommit: Step = async (sector, pieces, tools) => {
  const miner = tools.facts.miner
  if (miner === undefined)
    return { wait: { for: 'the miner app', who: 'miner', untilEpoch: null }, wakeInMs: 1_000 }
  const commR = hexToBytes(required(sector, 'comm_r'))
  const commD = hexToBytes(required(sector, 'comm_d'))
  const ticket = hexToBytes(required(sector, 'ticket'))
  const seed = hexToBytes(required(sector, 'seed'))
  const proof = hexToBytes(required(sector, 'proof'))
  const verifier = await tools.verifier()
  const sealed = {
    minerId: miner.id,
    sectorNumber: sector.sector_number,
    sectorSize: BigInt(sector.sector_size),
  }
  if (!(await verifier.verifySeal({ sector: sealed, commR, commD, ticket, seed, proof }))) {
    return { event: 'proofInvalid', detail: 'the PoRep does not verify here' }
  }
  const answer = await tools.miner.submitProveCommit(
    {
      envelope: envelope(sector, 'proveCommit', tools),
      proof,
      commR,
      commD,
      ticket,
      seed,
      seedEpoch: required(sector, 'seed_epoch'),
      pieces: manifest(pieces),
      prover: required(sector, 'prover'),
    },
    { signal: tools.signal },
  )
  refuse(answer.refusal)
  return { event: 'proveCommitSent', detail: answer.messageUuid }
}
