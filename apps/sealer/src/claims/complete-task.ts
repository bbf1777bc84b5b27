import type { workV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { bytesToHex } from '../pipeline/hex.js'
import type { SectorFacts, SectorStore } from '../pipeline/sector-store.js'
import type { WorkerTask } from '../pipeline/worker-queue.js'
import type { Claim } from '../sealer-db.js'
import { tasks } from './claim-task.js'

/**
 * Takes a task's result if its claim is still the current one: the sector moves and the claim ends in one transaction.
 * A late result of an expired claim is refused and changes nothing.
 */
export async function completeTask(
  request: workV1.CompleteRequest,
  store: SectorStore,
  now: () => number,
): Promise<workV1.CompleteResponse & { sectorNumber: number | undefined }> {
  return await writing(store.db, async (trx) => {
    const claim = await trx
      .selectFrom('claims')
      .selectAll()
      .where('claim_id', '=', request.claimId)
      .where('worker_id', '=', request.workerId)
      .executeTakeFirst()
    if (!claim) return { accepted: false, reason: 'no such claim', sectorNumber: undefined }
    if (claim.state === 'completed')
      return { accepted: true, reason: 'completed before', sectorNumber: claim.sector_number }
    const sector = await store.read(claim.sector_number, trx)
    if (claim.state !== 'running' || sector?.turn !== claim.turn) {
      return {
        accepted: false,
        reason: `claim ${claim.state}: the sector has moved on`,
        sectorNumber: undefined,
      }
    }
    const facts = factsOf(claim, request)
    if (facts === undefined)
      return { accepted: false, reason: `not a result of ${claim.task}`, sectorNumber: undefined }
    const worker = await trx
      .selectFrom('workers')
      .select('prover')
      .where('worker_id', '=', claim.worker_id)
      .executeTakeFirst()
    const prover = claim.task === 'pc1' && worker ? { prover: worker.prover } : {}
    await store.move(
      trx,
      sector,
      tasks[claim.task as WorkerTask].done,
      { ...facts, ...prover },
      {
        nowMs: now(),
        detail: `by ${claim.hostname}`,
      },
    )
    await trx
      .updateTable('claims')
      .set({ state: 'completed' })
      .where('claim_id', '=', claim.claim_id)
      .execute()
    return { accepted: true, reason: '', sectorNumber: claim.sector_number }
  })
}

/** What each result adds to the row; undefined when the result is of another task. */
function factsOf(claim: Claim, { result }: workV1.CompleteRequest): SectorFacts | undefined {
  const files = { storage_id: claim.storage_id, winning_claim: claim.claim_id }
  switch (result?.$case) {
    case 'preCommit1':
      return claim.task === 'pc1' ? { ...files, comm_d: bytesToHex(result.value.commD) } : undefined
    case 'preCommit2':
      if (claim.task !== 'pc2') return undefined
      return { ...files, comm_r: bytesToHex(result.value.commR), comm_d: bytesToHex(result.value.commD) }
    case 'commit1':
      return claim.task === 'c1' ? { c1_bytes: result.value.bytes } : undefined
    case 'commit2':
      return claim.task === 'c2' ? { proof: bytesToHex(result.value.proof) } : undefined
    case 'finalize':
      return claim.task === 'finalize' ? {} : undefined
    default:
      return undefined
  }
}
