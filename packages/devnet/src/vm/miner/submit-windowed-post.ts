import { replicaCommitmentOf, type SubmitWindowedPostParams, submitWindowedPostParams } from '@sealane/actors'
import { policy } from '../policy.js'
import { proofsOfWindowPostType } from '../proof-types.js'
import { abort } from '../run/actor-abort.js'
import { bitFieldNumbers } from '../run/bitfield-numbers.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import { chainCommitment, windowPostChallenge } from '../run/randomness.js'
import type { Runtime } from '../run/runtime.js'
import { withContext } from '../run/with-context.js'
import type { Deadline, MinerTables } from '../state/chain-tables.js'
import { containsAll, intersect, minus, sectorSet, union } from '../state/sector-set.js'
import { bitFieldText } from './bit-field-text.js'
import { requireController } from './control-addresses.js'
import { currentDeadline, type DeadlineInfo } from './deadline-info.js'
import { markFaulty, markProven, partitionOf } from './faults.js'
import { checkBalanceInvariants } from './miner-funds.js'
import { sectorOf } from './power-of-sector.js'
import { receivingMiner } from './receiving-miner.js'
import { trackPower } from './track-power.js'

/**
 * Method 5: proves partitions of the open deadline. Skipped sectors become faulty, declared recoveries and unproven
 * sectors active, power at once.
 *
 * STRICTER THAN MAINNET: every proof is verified here. Mainnet takes a proof on trust unless it recovers power, and
 * lets others dispute it later; this chain refuses an invalid one, and so has nothing to dispute.
 */
export async function submitWindowedPost(runtime: Runtime, bytes: Uint8Array): Promise<Uint8Array> {
  const params = decodeParams(submitWindowedPostParams, bytes)
  const proof = checkForm(params)
  requireController(runtime)
  const miner = receivingMiner(runtime)
  checkSize(params, proof, miner.info)
  const window = currentDeadline(miner.provingPeriodStart, runtime.epoch)
  checkTime(params, window, runtime)

  const proven = runtime.update((draft) =>
    withContext(`failed to process post submission for deadline ${params.deadline}`, () =>
      trackPower(draft, runtime.receiver, params.deadline, (deadline, tables) =>
        recordProven(params, deadline, tables, window),
      ),
    ),
  )
  if (proven.length === 0) abort(exitCode.illegalArgument, 'cannot prove partitions with no active sectors')
  await verify(runtime, window, proof.proofBytes, proven)
  runtime.update((draft) => checkBalanceInvariants(draft, runtime.receiver))
  return new Uint8Array()
}

type Proof = SubmitWindowedPostParams['proofs'][number]

function checkForm({ proofs, deadline, chainCommitRand }: SubmitWindowedPostParams): Proof {
  const [proof] = proofs
  if (proofs.length !== 1 || proof === undefined) {
    return abort(exitCode.illegalArgument, `expected exactly one proof, got ${proofs.length}`)
  }
  if (proofsOfWindowPostType(proof.postProof) === undefined) {
    abort(exitCode.illegalArgument, `proof type ${proof.postProof} not allowed`)
  }
  if (deadline >= policy.periodDeadlines) {
    abort(exitCode.illegalArgument, `invalid deadline ${deadline} of ${policy.periodDeadlines}`)
  }
  if (chainCommitRand.length > 32) {
    abort(exitCode.illegalArgument, `expected at most 32 bytes of randomness, got ${chainCommitRand.length}`)
  }
  return proof
}

function checkSize(
  { partitions }: SubmitWindowedPostParams,
  { postProof, proofBytes }: Proof,
  { windowPostProofType }: { windowPostProofType: number },
): void {
  if (postProof !== windowPostProofType) {
    abort(exitCode.illegalArgument, `expected proof of type ${windowPostProofType}, got ${postProof}`)
  }
  const maxSize = (proofsOfWindowPostType(postProof)?.windowPostProofSize ?? 0) * partitions.length
  if (proofBytes.length > maxSize) {
    abort(exitCode.illegalArgument, `expected proof to be smaller than ${maxSize} bytes`)
  }
  if (partitions.length > policy.postedPartitionsMax) {
    const limit = policy.postedPartitionsMax
    abort(exitCode.illegalArgument, `too many partitions ${partitions.length}, limit ${limit}`)
  }
}

function checkTime(
  { deadline, chainCommitEpoch, chainCommitRand }: SubmitWindowedPostParams,
  window: DeadlineInfo,
  runtime: Runtime,
): void {
  const now = runtime.epoch
  if (deadline !== window.index) {
    abort(exitCode.illegalArgument, `invalid deadline ${deadline} at epoch ${now}, expected ${window.index}`)
  }
  if (chainCommitEpoch < window.challenge) {
    const text = `expected chain commit epoch ${chainCommitEpoch} to be after ${window.challenge}`
    abort(exitCode.illegalArgument, text)
  }
  if (chainCommitEpoch >= now) {
    const text = `chain commit epoch ${chainCommitEpoch} must be less than the current epoch ${now}`
    abort(exitCode.illegalArgument, text)
  }
  const expected = chainCommitment(runtime, chainCommitEpoch)
  if (
    expected.length !== chainCommitRand.length ||
    expected.some((byte, at) => byte !== chainCommitRand[at])
  ) {
    abort(exitCode.illegalArgument, 'post commit randomness mismatched')
  }
}

/** Marks skipped sectors faulty and the rest proven; returns the sectors that the proof must be of. */
function recordProven(
  { partitions }: SubmitWindowedPostParams,
  deadline: Deadline,
  miner: MinerTables,
  window: DeadlineInfo,
): number[] {
  const indexes = sectorSet(partitions.map(({ index }) => index))
  if (indexes.length !== partitions.length) abort(exitCode.illegalArgument, 'duplicate partitions proven')
  const already = intersect(deadline.posted, indexes)
  if (already.length > 0)
    abort(exitCode.illegalArgument, `partition already proven: ${bitFieldText(already)}`)

  const faultExpiration = window.close - 1 + policy.faultMaxAge
  let proven: number[] = []
  for (const { index, skipped } of partitions) {
    const partition = partitionOf(deadline, index)
    const skippedSectors = bitFieldNumbers(skipped, policy.addressedSectorsMax)
    if (!containsAll(partition.sectors, skippedSectors)) {
      const context = `failed to add skipped faults to partition ${index}`
      abort(exitCode.illegalArgument, `${context}: skipped faults contains sectors outside partition`)
    }
    markFaulty(partition, skippedSectors, faultExpiration)
    markProven(miner, window.index, partition)
    proven = union(proven, minus(minus(partition.sectors, partition.faults), partition.terminated))
    deadline.posted = union(deadline.posted, [index])
  }
  return proven
}

async function verify(
  runtime: Runtime,
  window: DeadlineInfo,
  proof: Uint8Array,
  proven: readonly number[],
): Promise<void> {
  const miner = receivingMiner(runtime)
  const sectors = proven.map((sectorNumber) => ({
    sectorNumber,
    commR: replicaCommitmentOf(sectorOf(miner.sectors, sectorNumber).sealedCid),
  }))
  const valid = await runtime.context.verifier.verifyWindowPost({
    minerId: runtime.receiver,
    sectorSize: miner.info.sectorSize,
    randomness: windowPostChallenge(runtime, runtime.receiver, window.challenge),
    proof,
    sectors,
  })
  if (!valid) abort(exitCode.illegalArgument, 'invalid post was submitted')
}
