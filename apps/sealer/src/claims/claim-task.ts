import { randomUUID } from 'node:crypto'
import type { SectorEvent, SectorState } from '@sealane/lifecycle'
import type { workV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { type Kysely, sql, type Transaction } from 'kysely'
import type { HomeFacts } from '../events/home-facts.js'
import type { WorkerTask } from '../pipeline/worker-queue.js'
import type { SealerDb, Sector } from '../sealer-db.js'
import type { Leases } from './leases.js'
import { refused } from './refused.js'
import { taskOf } from './task-of.js'

/** The state in which each task may be claimed, and the event its completion is. Portable: goes to any storage path. */
export const tasks: Readonly<
  Record<WorkerTask, { state: SectorState; done: SectorEvent; portable: boolean }>
> = {
  pc1: { state: 'PreCommit1', done: 'preCommit1Done', portable: true },
  pc2: { state: 'PreCommit2', done: 'preCommit2Done', portable: false },
  c1: { state: 'Commit1', done: 'commit1Done', portable: false },
  c2: { state: 'Commit2', done: 'commit2Done', portable: true },
  finalize: { state: 'FinalizeSector', done: 'finalized', portable: false },
}

export function taskNamed(task: string): WorkerTask | undefined {
  return Object.hasOwn(tasks, task) ? (task as WorkerTask) : undefined
}

/**
 * Grants the claim of (sector, turn) to a worker, or says why not. At most one claim runs for a turn: the check and the insert are
 * one transaction. The job that brought the worker here proves nothing.
 */
export async function claimTask(
  request: workV1.ClaimRequest,
  o: { db: Kysely<SealerDb>; facts: HomeFacts; leases: Leases; now: () => number },
): Promise<workV1.ClaimResponse> {
  const task = taskNamed(request.task)
  const { miner } = o.facts
  if (task === undefined) return refused(`no task ${request.task}`)
  if (miner === undefined) return refused('the coordinator does not know its miner yet')
  const rule = tasks[task]
  return await writing(o.db, async (trx) => {
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
    const holder = await runningClaim(trx, sector)
    if (holder !== undefined) return refused(`taken by worker ${holder}`)
    const storageId = storageFor(sector, request.storageIds, rule.portable)
    if (storageId === undefined) return refused('this worker does not serve the sector’s storage path')
    const claimId = randomUUID()
    const nowMs = o.now()
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
        expires_ms: o.leases.end(),
        stage: null,
        fraction: null,
      })
      .execute()
    const waiting = {
      for: `${task} on ${worker.hostname}`,
      who: `worker ${request.workerId}`,
      sinceMs: nowMs,
      untilEpoch: null,
    }
    // The claim's end wakes the row, however it ends.
    const taken = { wake_at: null, failure: null, waiting: JSON.stringify(waiting) }
    await trx.updateTable('sectors').set(taken).where('sector_number', '=', sector.sector_number).execute()
    const pieces = await trx
      .selectFrom('pieces')
      .selectAll()
      .where('sector_number', '=', sector.sector_number)
      .orderBy('padded_offset')
      .execute()
    const given = { minerId: miner.id, storageId, prover: worker.prover, claimId }
    return {
      claimId,
      reason: '',
      leaseMs: o.leases.leaseMs,
      task: taskOf(task, sector, pieces, given),
    }
  })
}

async function runningClaim(trx: Transaction<SealerDb>, sector: Sector): Promise<string | undefined> {
  const running = await trx
    .selectFrom('claims')
    .select('worker_id')
    .where('sector_number', '=', sector.sector_number)
    .where('turn', '=', sector.turn)
    .where('state', '=', sql.lit('running'))
    .executeTakeFirst()
  return running?.worker_id
}

/** A worker offers its paths in the order it would like to use them. */
function storageFor(sector: Sector, offered: readonly string[], portable: boolean): string | undefined {
  if (portable) return offered[0] ?? ''
  return offered.find((id) => id === sector.storage_id)
}
