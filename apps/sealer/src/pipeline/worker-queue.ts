import type { JobKind, PayloadOf } from '@sealane/jobs'
import { sealCommit1, sealCommit2, sealFinalize, sealPreCommit1, sealPreCommit2 } from '@sealane/jobs'
import type { Sector } from '../sealer-db.js'
import type { Outcome, StepTools } from './step.js'

/** Stages that workers do, by their task names. */
export type WorkerTask = 'pc1' | 'pc2' | 'c1' | 'c2' | 'finalize'

/** A lost job is added again after this long; Redis usually delivers within milliseconds. Unit: ms. */
const REQUEUE_AFTER_MS = 60_000

/**
 * Puts the sector's stage before the workers and waits for the claim to complete. While a claim runs nothing is queued: a stalled
 * job never moves a row, only the claim's completion or expiry does.
 */
export async function handToWorker(sector: Sector, task: WorkerTask, tools: StepTools): Promise<Outcome> {
  const running = await tools.db
    .selectFrom('claims')
    .selectAll()
    .where('sector_number', '=', sector.sector_number)
    .where('turn', '=', sector.turn)
    .where('state', '=', 'running')
    .executeTakeFirst()
  if (running) {
    const wait = {
      for: `${task} on ${running.hostname}`,
      who: `worker ${running.worker_id}`,
      untilEpoch: null,
    }
    return { wait, wakeInMs: Math.max(0, running.expires_ms - tools.now()) }
  }
  const payload = { sectorNumber: sector.sector_number, turn: sector.turn, tries: sector.tries }
  const kind = kindOf(task, sector)
  await tools.queues.hint(kind, payload as PayloadOf<typeof sealPreCommit1>)
  return { wait: await awaited(sector, task, tools), wakeInMs: REQUEUE_AFTER_MS }
}

function kindOf(task: WorkerTask, sector: Sector): typeof sealPreCommit1 {
  if (task === 'pc1') return sealPreCommit1
  if (task === 'c2') return sealCommit2
  const onPath: Record<Exclude<WorkerTask, 'pc1' | 'c2'>, (storageId: string) => JobKind> = {
    pc2: sealPreCommit2,
    c1: sealCommit1,
    finalize: sealFinalize,
  }
  if (sector.storage_id === null)
    throw new TypeError(`sector ${sector.sector_number} has no storage path in ${sector.state}`)
  return onPath[task](sector.storage_id) as typeof sealPreCommit1
}

/** Names the worker who must come, when none that could do the task is alive. */
async function awaited(sector: Sector, task: WorkerTask, tools: StepTools) {
  const group = task === 'c1' || task === 'c2' ? 'commit' : task
  const alive = await tools.db
    .selectFrom('workers')
    .select(['tasks', 'paths'])
    .where('last_seen_ms', '>', tools.now() - 60_000)
    .execute()
  const able = alive.filter((worker) => (JSON.parse(worker.tasks) as string[]).includes(group))
  const bound = task !== 'pc1' && task !== 'c2'
  const near = able.filter(
    (worker) =>
      !bound || (JSON.parse(worker.paths) as { id: string }[]).some((p) => p.id === sector.storage_id),
  )
  if (near.length > 0) return { for: `a free worker for ${task}`, who: 'worker', untilEpoch: null }
  const where = bound ? ` that serves storage path ${sector.storage_id}` : ''
  return {
    for: `a worker with task ${group}${where} (start one: sealane worker --tasks ${group})`,
    who: 'operator',
    untilEpoch: null,
  }
}
