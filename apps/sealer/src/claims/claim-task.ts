import { randomUUID } from 'node:crypto'
import type { SectorEvent, SectorState } from '@sealane/lifecycle'
import type { workV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { Kysely } from 'kysely'
import type { HomeFacts } from '../events/home-facts.js'
import type { WorkerTask } from '../pipeline/worker-queue.js'
import type { SealerDb, Sector } from '../sealer-db.js'
import { LEASE_MS } from './lease.js'
import { taskOf } from './task-of.js'

/** The state in which each task may be claimed, and the event its completion is. */
export const tasks: Readonly<
  Record<WorkerTask, { state: SectorState; done: SectorEvent; portable: boolean }>
> = {
  pc1: { state: 'PreCommit1', done: 'preCommit1Done', portable: true },
  pc2: { state: 'PreCommit2', done: 'preCommit2Done', portable: false },
  c1: { state: 'Commit1', done: 'commit1Done', portable: false },
  c2: { state: 'Commit2', done: 'commit2Done', portable: true },
  finalize: { state: 'FinalizeSector', done: 'finalized', portable: false },
}

/**
 * Grants the claim of (sector, turn) to a worker, or says why not. At most one claim runs for a turn: the check and the insert are
 * one transaction. The job that brought the worker here proves nothing.
 */
export async function claimTask(
  request: workV1.ClaimRequest,
  db: Kysely<SealerDb>,
  facts: HomeFacts,
  now: () => number,
): Promise<workV1.ClaimResponse> {
  const task = request.task as WorkerTask
  const rule = tasks[task]
  const miner = facts.miner
  if (!rule || !miner)
    return refused(rule ? 'the coordinator does not know its miner yet' : `no task ${request.task}`)
  return await writing(db, async (trx) => {
    const nowMs = now()
    const sector = await trx
      .selectFrom('sectors')
      .selectAll()
      .where('sector_number', '=', Number(request.row))
      .executeTakeFirst()
    if (!sector || sector.turn !== request.turn || sector.state !== rule.state)
      return refused('stale: the sector has moved on')
    const worker = await trx
      .selectFrom('workers')
      .select(['hostname', 'prover'])
      .where('worker_id', '=', request.workerId)
      .executeTakeFirst()
    if (!worker) return refused('register first')
    if (sector.prover !== null && sector.prover !== worker.prover) {
      return refused(
        `this sector is sealed by the ${sector.prover} prover, this worker has the ${worker.prover} one`,
      )
    }
    const running = await trx
      .selectFrom('claims')
      .select(['worker_id', 'expires_ms', 'claim_id'])
      .where('sector_number', '=', sector.sector_number)
      .where('turn', '=', sector.turn)
      .where('state', '=', 'running')
      .executeTakeFirst()
    if (running && running.expires_ms > nowMs) return refused(`taken by worker ${running.worker_id}`)
    if (running)
      await trx
        .updateTable('claims')
        .set({ state: 'expired' })
        .where('claim_id', '=', running.claim_id)
        .execute()
    const storageId = storageFor(sector, request.storageIds, rule.portable)
    if (storageId === undefined) return refused('this worker does not serve the sector’s storage path')
    const claimId = randomUUID()
    await trx
      .insertInto('claims')
      .values({
        claim_id: claimId,
        sector_number: sector.sector_number,
        task,
        turn: sector.turn,
        worker_id: request.workerId,
        hostname: worker.hostname,
        storage_id: storageId,
        state: 'running',
        started_ms: nowMs,
        expires_ms: nowMs + LEASE_MS,
        stage: null,
        fraction: null,
      })
      .execute()
    const pieces = await trx
      .selectFrom('pieces')
      .selectAll()
      .where('sector_number', '=', sector.sector_number)
      .orderBy('padded_offset')
      .execute()
    await trx
      .updateTable('sectors')
      .set({
        wake_at: nowMs + LEASE_MS,
        failure: null,
        waiting: waitingFor(task, worker.hostname, request.workerId, sector),
      })
      .where('sector_number', '=', sector.sector_number)
      .execute()
    return {
      claimId,
      reason: '',
      leaseMs: LEASE_MS,
      task: taskOf(task, sector, pieces, { minerId: miner.id, storageId, prover: worker.prover }),
    }
  })
}

function storageFor(sector: Sector, offered: readonly string[], portable: boolean): string | undefined {
  if (portable) return offered[0] ?? ''
  return offered.find((id) => id === sector.storage_id)
}

function waitingFor(task: string, hostname: string, workerId: string, sector: Sector): string {
  return JSON.stringify({
    for: `${task} on ${hostname}`,
    who: `worker ${workerId}`,
    sinceMs: sector.state_since_ms,
    untilEpoch: null,
  })
}

function refused(reason: string): workV1.ClaimResponse {
  return { claimId: '', reason, leaseMs: 0, task: undefined }
}
