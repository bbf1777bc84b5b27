import type { workV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { bytesToHex } from '../pipeline/hex.js'
import type { SectorFacts, SectorStore } from '../pipeline/sector-store.js'
import type { Claim } from '../sealer-db.js'
import { taskNamed, tasks } from './claim-task.js'

export interface Completion {
  accepted: boolean
  reason: string
  /** The sector that moved. */
  sectorNumber?: number
}

/**
 * Takes a task's result if its claim is still the current one: the sector moves and the claim ends in one transaction.
 * A late result of an ended claim is refused and changes nothing; a repeated one is accepted and changes nothing.
 */
export async function completeTask(
  request: workV1.CompleteRequest,
  store: SectorStore,
  now: () => number,
): Promise<Completion> {
  return await writing(store.db, async (trx) => {
    const claim = await trx
      .selectFrom('claims')
      .selectAll()
      .where('claim_id', '=', request.claimId)
      .where('worker_id', '=', request.workerId)
      .executeTakeFirst()
    if (!claim) return { accepted: false, reason: 'no such claim' }
    if (claim.state === 'completed') return { accepted: true, reason: 'completed before' }
    const sector = await store.read(claim.sector_number, trx)
    if (claim.state !== 'running' || sector?.turn !== claim.turn)
      return { accepted: false, reason: `claim ${claim.state}: the sector has moved on` }
    const task = taskNamed(claim.task)
    const facts = factsOf(claim, request)
    if (task === undefined || facts === undefined)
      return { accepted: false, reason: `not a result of ${claim.task}` }
    const worker = await trx
      .selectFrom('workers')
      .select('prover')
      .where('worker_id', '=', claim.worker_id)
      .executeTakeFirst()
    const prover = task === 'pc1' && worker ? { prover: worker.prover } : {}
    await trx
      .updateTable('claims')
      .set({ state: 'completed' })
      .where('claim_id', '=', claim.claim_id)
      .execute()
    const detail = `by worker ${claim.worker_id}`
    await store.move(trx, sector, tasks[task].done, { ...facts, ...prover }, { nowMs: now(), detail })
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
      return claim.task === 'c1'
        ? { c1_claim: claim.claim_id, c1_bytes: result.value.bytes, proof: null }
        : undefined
    case 'commit2':
      return claim.task === 'c2' ? { proof: bytesToHex(result.value.proof) } : undefined
    case 'finalize':
      return claim.task === 'finalize' ? {} : undefined
    default:
      return undefined
  }
}
