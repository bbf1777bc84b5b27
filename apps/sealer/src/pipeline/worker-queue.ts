import { sealCommit1, sealCommit2, sealFinalize, sealPreCommit1, sealPreCommit2 } from '@sealane/jobs'
import { type Kysely, sql } from 'kysely'
import type { SealerDb, Sector } from '../sealer-db.js'
import { required } from './required.js'
import type { Outcome, StepTools } from './step.js'

/** Stages that workers do, by their task names. */
export type WorkerTask = 'pc1' | 'pc2' | 'c1' | 'c2' | 'finalize'

/** A worker not heard of for this long is not counted on. Unit: ms. */
export const WORKER_SILENT_MS = 60_000

/**
 * Puts the sector's stage before the workers and waits for the claim to complete. While a claim runs nothing is queued: a stalled
 * job never moves a row, only the claim's end does, and that wakes it.
 */
export async function handToWorker(sector: Sector, task: WorkerTask, tools: StepTools): Promise<Outcome> {
  const running = await tools.db
    .selectFrom('claims')
    .selectAll()
    .where('sector_number', '=', sector.sector_number)
    .where('turn', '=', sector.turn)
    .where('state', '=', sql.lit('running'))
    .executeTakeFirst()
  if (running) {
    const wait = {
      for: `${task} on ${running.hostname}`,
      who: `worker ${running.worker_id}`,
      untilEpoch: null,
    }
    return { wait, wakeInMs: null }
  }
  queue(sector, task, tools)
  return { wait: await awaited(sector, task, tools.db, tools.now()), wakeInMs: tools.requeueAfterMs }
}

/** Stages bound to files have one queue per storage path. */
function queue(sector: Sector, task: WorkerTask, tools: StepTools): void {
  const { jobs } = tools
  const job = { sectorNumber: sector.sector_number, turn: sector.turn, tries: jobTry(sector, tools) }
  if (task === 'pc1') jobs.add(sealPreCommit1, job)
  else if (task === 'c2') jobs.add(sealCommit2, job)
  else jobs.add(onPath[task](required(sector, 'storage_id')), job)
}

/** More renewals than a job gets in a lifetime. */
const RENEWALS = 1_000

/**
 * Adding a job that is still queued again does nothing; one that Redis has lost comes back. But a job that a dying worker had fetched
 * lies there until its lock runs out, and keeps its id taken: so the id is renewed, after once, twice, four times the wait.
 */
function jobTry(sector: Sector, { now, requeueAfterMs }: StepTools): number {
  const waitedMs = Math.max(0, now() - sector.state_since_ms)
  return sector.tries * RENEWALS + Math.floor(Math.log2(1 + waitedMs / requeueAfterMs))
}

const onPath = { pc2: sealPreCommit2, c1: sealCommit1, finalize: sealFinalize }

/** Names the worker who must come, when none that could do the task is alive. */
async function awaited(sector: Sector, task: WorkerTask, db: Kysely<SealerDb>, nowMs: number) {
  const group = task === 'c1' || task === 'c2' ? 'commit' : task
  const alive = await db
    .selectFrom('workers')
    .select(['tasks', 'paths', 'prover'])
    .where('last_seen_ms', '>', nowMs - WORKER_SILENT_MS)
    .execute()
  const able = alive.filter((worker) => (JSON.parse(worker.tasks) as string[]).includes(group))
  const ofProver = able.filter((worker) => sector.prover === null || worker.prover === sector.prover)
  const bound = task !== 'pc1' && task !== 'c2'
  const near = ofProver.filter(
    (worker) =>
      !bound || (JSON.parse(worker.paths) as { id: string }[]).some((path) => path.id === sector.storage_id),
  )
  if (near.length > 0) return { for: `a free worker for ${task}`, who: 'worker', untilEpoch: null }
  const where = bound ? ` that serves storage path ${sector.storage_id}` : ''
  const prover = able.length > ofProver.length ? ` and the ${sector.prover} prover` : ''
  return {
    for: `a worker with task ${group}${where}${prover} (start one: sealane worker --tasks ${group})`,
    who: 'operator',
    untilEpoch: null,
  }
}
