import { join } from 'node:path'
import { type Identity, type Log, remedyOf, trash } from '@sealane/host'
import type { Progress, Prover } from '@sealane/proofs'
import type { workV1 } from '@sealane/proto'
import type { Employer } from './employer.js'
import { exists } from './exists.js'
import { patiently } from './patiently.js'
import type { Results } from './results.js'
import { scratchRoot } from './scratch.js'
import type { Space } from './space.js'
import { stageText } from './stage-text.js'
import { requireMounted, type StoragePath } from './storage-path.js'
import { runTask } from './tasks/index.js'
import { taskFailure, WorkerError } from './worker-error.js'

export interface WorkClaimOptions {
  workerId: string
  employer: Employer
  tls: Identity
  prover: Prover
  storage: readonly StoragePath[]
  stateDir: string
  results: Results
  space: Space
  heartbeatMs: number
  /** Somebody else has the task: the employer may have something to say about the files it left. */
  claimLost: () => void
  log: Log
  signal: AbortSignal
}

export interface WorkRequest {
  task: string
  row: string
  turn: number
  storageIds: string[]
}

/** A claim that was granted. */
interface Held {
  claimId: string
  task: workV1.Task
  storage: StoragePath | undefined
  scratchDir: string
  /** Aborts when the claim is over or the worker stops. */
  signal: AbortSignal
  facts: { claim: string; task: string; sector: number }
  /** The result is on disk: it is told now or at the next start, never thrown away. */
  made: boolean
}

/** An employer that restarts is waited for before a job is given up; its row brings it again. Unit: ms. */
const EMPLOYER_AWAY_MS = 30_000

/**
 * Takes a claim, does its work and reports. While it works, a heartbeat keeps the claim and carries progress; a claim that is over
 * kills the work at once. Stopping releases the claim, so that another worker can begin without waiting for the lease.
 * Returns true when the result was accepted. Throws only what makes this worker unfit (`halt`).
 */
export async function workClaim(request: WorkRequest, o: WorkClaimOptions): Promise<boolean> {
  const { employer, workerId, log } = o
  const ask = () => employer.work.claim({ workerId, ...request }, { signal: o.signal })
  const claim = await patiently(ask, { signal: o.signal, mostMs: EMPLOYER_AWAY_MS })
  if (claim.claimId === '' || claim.task === undefined) {
    log.debug('nothing to claim', { ...request, reason: claim.reason })
    return false
  }
  const lost = new AbortController()
  const held: Held = {
    claimId: claim.claimId,
    task: claim.task,
    storage: o.storage.find((path) => path.id === claim.task?.storageId),
    scratchDir: join(scratchRoot(o.stateDir), claim.claimId.replaceAll(/[^A-Za-z0-9-]/g, '-')),
    signal: AbortSignal.any([o.signal, lost.signal]),
    facts: { claim: claim.claimId, task: request.task, sector: claim.task.sectorNumber },
    made: false,
  }
  const heart = keepAlive(claim.claimId, request.task, lost, o)
  log.info('claimed', held.facts)
  try {
    const result = await work(held, heart.tell, o)
    return await report({ workerId, claimId: held.claimId, storageId: held.task.storageId, result }, held, o)
  } catch (error) {
    if (lost.signal.aborted) await letGo(held, o)
    else await giveBack(error, held, o)
    return false
  } finally {
    heart.stop()
    o.space.release(held.claimId)
    if (await exists(held.scratchDir))
      await trash(o.stateDir, held.scratchDir, `claim ${held.claimId} ended`, new Date())
  }
}

/** Says every few seconds that this claim is worked on; `lost` aborts when it is not ours any more. */
function keepAlive(claimId: string, task: string, lost: AbortController, o: WorkClaimOptions) {
  const { employer, workerId, log } = o
  let progress: Progress = { stage: task }
  const beat = setInterval(() => {
    const { fraction = 0 } = progress
    employer.work.heartbeat({ workerId, claimId, stage: stageText(progress), fraction, paths: [] }).then(
      ({ valid }) => {
        if (!valid) lost.abort(new Error('the claim is over'))
      },
      // Unreachable: the lease decides. The coordinator may be restarting, and it knows our claim.
      (error: unknown) => log.debug('heartbeat failed', { claim: claimId, error }),
    )
  }, o.heartbeatMs)
  const tell = (told: Progress) => {
    progress = told
  }
  return { tell, stop: () => clearInterval(beat) }
}

async function work(held: Held, onProgress: (told: Progress) => void, o: WorkClaimOptions) {
  const { claimId, task, storage, scratchDir, signal } = held
  const { employer, workerId, prover, tls } = o
  if (storage !== undefined) {
    await requireMounted(storage)
    await o.space.reserve(claimId, storage, task)
  }
  const requireClaim = async () => {
    const ask = () =>
      employer.work.heartbeat({ workerId, claimId, stage: '', fraction: 0, paths: [] }, { signal })
    const { valid } = await patiently(ask, { signal, mostMs: Number.POSITIVE_INFINITY })
    const sector = task.sectorNumber
    if (!valid) throw new WorkerError({ code: 'CLAIM_OVER', sector }, `the claim of sector ${sector} is over`)
  }
  return await runTask({
    claimId,
    task,
    prover,
    storage,
    scratchDir,
    hub: { url: employer.hubUrl, role: employer.role, tls },
    requireClaim,
    options: { signal, onProgress },
  })
}

/** The result is on disk before it is told, and told until somebody has heard it: whoever gave the work may be restarting. */
async function report(result: workV1.CompleteRequest, held: Held, o: WorkClaimOptions): Promise<boolean> {
  const { role, work: service } = o.employer
  await o.results.keep(role, result)
  held.made = true
  const tell = () => service.complete(result, { signal: held.signal })
  const answer = await patiently(tell, { signal: held.signal, mostMs: Number.POSITIVE_INFINITY })
  await o.results.forget(role, result.claimId)
  if (answer.accepted) o.log.info('completed', held.facts)
  else o.log.warn('result refused', { ...held.facts, reason: answer.reason })
  return answer.accepted
}

/** Somebody else has the task by now: what was made is of no use, and what lies on the path may be retired. */
async function letGo(held: Held, o: WorkClaimOptions): Promise<void> {
  o.log.warn('claim lost', held.facts)
  if (held.made) await o.results.forget(o.employer.role, held.claimId)
  o.claimLost()
}

/** Releases the claim, with what went wrong if this is not our own stopping. Throws what makes this worker unfit. */
async function giveBack(error: unknown, held: Held, o: WorkClaimOptions): Promise<void> {
  const { employer, workerId, log } = o
  const stopping = o.signal.aborted
  if (stopping && held.made) return log.info('stopping with a result to report at the next start', held.facts)
  const failure = stopping
    ? { code: '', remedy: '', text: 'stopping' }
    : taskFailure(error, held.storage?.path)
  if (!stopping) log.warn('task failed', { ...held.facts, ...failure, error })
  await employer.work
    .release({ workerId, claimId: held.claimId, ...failure })
    .catch((cause: unknown) =>
      log.warn('claim not released; its lease ends it', { ...held.facts, error: cause }),
    )
  if (!stopping && remedyOf(error) === 'halt') throw error
}
