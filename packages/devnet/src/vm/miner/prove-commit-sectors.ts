import {
  commitmentOf,
  type ProveCommitSectors3Params,
  proveCommitSectors3Params,
  proveCommitSectors3Return,
  replicaCommitmentOf,
  type SectorActivationManifest,
} from '@sealane/actors'
import { policy } from '../policy.js'
import { proofsOfSealType } from '../proof-types.js'
import { abort } from '../run/actor-abort.js'
import { BatchOutcome } from '../run/batch-outcome.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import { sealSeed, sealTicket } from '../run/randomness.js'
import type { Runtime } from '../run/runtime.js'
import type { PreCommit } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'
import { activateSectors } from './activate-sectors.js'
import { declaredCommD, piecesCommD } from './comm-d.js'
import { requireController } from './control-addresses.js'
import { notifyDataConsumers } from './notify-data-consumers.js'
import { receivingMiner } from './receiving-miner.js'

/** A sector to activate: what the message says of it, what its precommit said, and its proof. */
interface Candidate {
  manifest: SectorActivationManifest
  preCommit: DeepReadonly<PreCommit>
  proof: Uint8Array
}

/**
 * Method 34: proves precommitted sectors. Each sector passes or fails for itself (unless success is required) in
 * three rounds: its precommit, its proof, its data; those left are activated and their pieces' receivers told.
 * Aggregate proofs are refused on this chain.
 */
export async function proveCommitSectors(runtime: Runtime, bytes: Uint8Array): Promise<Uint8Array> {
  const params = decodeParams(proveCommitSectors3Params, bytes)
  requireController(runtime)
  const candidates = findCandidates(runtime, params)
  const outcome = new BatchOutcome(candidates)

  checkPreCommits(runtime, params, outcome)
  requireOne(outcome, 'no valid precommits specified')
  await checkProofs(runtime, params, outcome)
  requireOne(outcome, 'no valid proofs specified')
  checkData(params, outcome)
  requireOne(outcome, 'all data activations failed')

  const activated = outcome.succeeding().map(({ item }) => item)
  runtime.update((draft) => activateSectors(draft, runtime.receiver, runtime.epoch, activated))
  await notifyDataConsumers(runtime, activated, params.requireNotificationSuccess)
  return proveCommitSectors3Return.encode(outcome.toReturn())
}

function findCandidates(runtime: Runtime, params: ProveCommitSectors3Params): Candidate[] {
  const { preCommits } = receivingMiner(runtime)
  const { sectorActivations, sectorProofs, aggregateProof, aggregateProofType } = params
  const refuse = (text: string): never => abort(exitCode.illegalArgument, text)

  const found = sectorActivations.map((manifest) => {
    const { sectorNumber } = manifest
    const preCommit = preCommits[sectorNumber]
    return { manifest, preCommit: preCommit ?? abort(exitCode.notFound, `sector ${sectorNumber} not found`) }
  })
  const [first] = found
  if (first === undefined) return refuse('no sectors to prove')
  if ((sectorProofs.length === 0) === (aggregateProof.length === 0)) {
    refuse('exactly one of sector proofs or aggregate proof must be non-empty')
  }
  if (aggregateProof.length > 0) refuse('this chain does not accept aggregate proofs')
  if (aggregateProofType !== null) refuse('aggregate proof type must be null with batched proofs')
  if (sectorProofs.length !== found.length) {
    const lengths = `${found.length} sector activations, ${sectorProofs.length} proofs`
    refuse(`mismatched lengths: ${lengths}`)
  }
  const limit = proofsOfSealType(first.preCommit.sealProof)?.sealProofSize ?? 0
  return found.map(({ manifest, preCommit }, index) => {
    const proof = sectorProofs[index] ?? refuse('a sector has no proof')
    if (proof.length > limit) refuse(`sector proof size ${proof.length} exceeds max ${limit}`)
    return { manifest, preCommit, proof }
  })
}

function checkPreCommits(
  { epoch }: Runtime,
  { requireActivationSuccess }: ProveCommitSectors3Params,
  outcome: BatchOutcome<Candidate>,
): void {
  for (const { item, position } of outcome.succeeding()) {
    const { preCommit } = item
    if (epoch <= preCommit.epoch + policy.preCommitChallengeDelay) {
      abort(exitCode.forbidden, 'too early to prove sector')
    }
    if (epoch <= preCommit.epoch + policy.maxProveCommitDuration) continue
    if (requireActivationSuccess) {
      const text = `invalid pre-commit ${position} while requiring activation success: ${preCommit.sectorNumber}`
      abort(exitCode.illegalArgument, text)
    }
    outcome.fail(position, exitCode.illegalArgument)
  }
}

async function checkProofs(
  runtime: Runtime,
  { requireActivationSuccess }: ProveCommitSectors3Params,
  outcome: BatchOutcome<Candidate>,
): Promise<void> {
  const results: { position: number; sectorNumber: number; valid: boolean }[] = []
  for (const { item, position } of outcome.succeeding()) {
    const { sectorNumber } = item.preCommit
    results.push({ position, sectorNumber, valid: await verifyProof(runtime, item) })
  }
  for (const { position, sectorNumber, valid } of results) {
    if (valid) continue
    outcome.fail(position, exitCode.illegalArgument)
    if (requireActivationSuccess) {
      const all = results.map((result) => String(result.valid)).join(', ')
      const text = `invalid proof for sector ${sectorNumber} while requiring activation success: [${all}]`
      abort(exitCode.illegalArgument, text)
    }
  }
}

function verifyProof(runtime: Runtime, { preCommit, proof }: Candidate): Promise<boolean> {
  const minerId = runtime.receiver
  const { sectorSize } = receivingMiner(runtime).info
  return runtime.context.verifier.verifySeal({
    sector: { minerId, sectorNumber: preCommit.sectorNumber, sectorSize },
    commR: replicaCommitmentOf(preCommit.sealedCid),
    commD: commitmentOf(declaredCommD(preCommit)),
    ticket: sealTicket(runtime, minerId, preCommit.sealRandEpoch),
    seed: sealSeed(runtime, minerId, preCommit.epoch + policy.preCommitChallengeDelay),
    proof,
  })
}

function checkData(params: ProveCommitSectors3Params, outcome: BatchOutcome<Candidate>): void {
  for (const { item, position } of outcome.succeeding()) {
    const { manifest, preCommit } = item
    const declared = declaredCommD(preCommit)
    const computed = piecesCommD(manifest.pieces, preCommit.sealProof)
    if (declared !== computed) {
      const cids = `computed ${computed} declared ${declared}`
      const text = `unsealed CID does not match pieces for sector ${preCommit.sectorNumber}, ${cids}`
      abort(exitCode.illegalArgument, text)
    }
    // Nobody holds datacap here, so there is no allocation a piece could claim.
    if (manifest.pieces.every((piece) => piece.verifiedAllocationKey === null)) continue
    if (params.requireActivationSuccess) abort(exitCode.notFound, 'error claiming allocations on batch')
    outcome.fail(position, exitCode.notFound)
  }
}

function requireOne(outcome: BatchOutcome<Candidate>, text: string): void {
  if (outcome.succeeding().length === 0) abort(exitCode.illegalArgument, text)
}
