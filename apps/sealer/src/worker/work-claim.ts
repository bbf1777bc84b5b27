import { join } from 'node:path'
import { codeOf, type Identity, type Log, remedyOf, trash } from '@sealane/host'
import type { Prover } from '@sealane/proofs'
import type { workV1 } from '@sealane/proto'
import { exists } from './sector-files.js'
import type { StoragePath } from './storage-path.js'
import { runTask } from './tasks/index.js'

/** Who gave the work: the coordinator for seal.*, the miner for post.*. */
export interface Employer {
  role: 'sealer' | 'miner'
  work: workV1.WorkServiceClient
  hubUrl: string
}

export interface WorkClaimOptions {
  workerId: string
  employer: Employer
  tls: Identity
  prover: Prover
  storage: readonly StoragePath[]
  stateDir: string
  heartbeatMs: number
  log: Log
  signal: AbortSignal
}

/**
 * Takes a claim, does its work and reports. While it works, a heartbeat keeps the claim and carries progress; a claim that is over
 * kills the work at once. Stopping releases the claim, so that another worker can begin without waiting for the lease.
 */
export async function workClaim(
  request: { task: string; row: string; turn: number; storageIds: string[] },
  o: WorkClaimOptions,
): Promise<boolean> {
  const { employer, workerId, log } = o
  const claim = await employer.work.claim({ workerId, ...request }, { signal: o.signal })
  if (claim.claimId === '' || claim.task === undefined) {
    log.debug('nothing to claim', { ...request, reason: claim.reason })
    return false
  }
  const lost = new AbortController()
  const signal = AbortSignal.any([o.signal, lost.signal])
  let progress: { stage: string; fraction?: number | undefined } = { stage: request.task }
  const beat = setInterval(() => {
    const { stage, fraction = 0 } = progress
    employer.work.heartbeat({ workerId, claimId: claim.claimId, stage, fraction, paths: [] }).then(
      ({ valid }) => {
        if (!valid) lost.abort(new Error('the claim is over'))
      },
      // Unreachable: the lease decides. The coordinator may be restarting, and it knows our claim.
      (error: unknown) => log.debug('heartbeat failed', { claim: claim.claimId, error }),
    )
  }, o.heartbeatMs)
  const scratchDir = join(o.stateDir, 'claims', claim.claimId.replaceAll('/', '-'))
  const facts = { claim: claim.claimId, task: request.task, sector: claim.task.sectorNumber }
  log.info('claimed', facts)
  try {
    const result = await runTask({
      claimId: claim.claimId,
      task: claim.task,
      prover: o.prover,
      storage: o.storage.find((path) => path.id === claim.task?.storageId),
      scratchDir,
      hub: { url: employer.hubUrl, role: employer.role, tls: o.tls },
      options: {
        signal,
        onProgress: (told) => {
          progress = told
        },
      },
    })
    const answer = await complete(
      employer,
      { workerId, claimId: claim.claimId, storageId: claim.task.storageId, result },
      signal,
    )
    if (answer.accepted) log.info('completed', facts)
    else log.warn('result refused', { ...facts, reason: answer.reason })
    return answer.accepted
  } catch (error) {
    if (lost.signal.aborted) {
      log.warn('claim lost', facts)
      return false
    }
    const stopping = o.signal.aborted
    if (!stopping) log.warn('task failed', { ...facts, error })
    await employer.work
      .release({
        workerId,
        claimId: claim.claimId,
        code: stopping ? '' : codeOf(error),
        remedy: stopping ? '' : remedyOf(error),
        text: stopping ? 'stopping' : error instanceof Error ? error.message : String(error),
      })
      .catch((cause: unknown) =>
        log.warn('claim not released; its lease ends it', { ...facts, error: cause }),
      )
    if (!stopping && remedyOf(error) === 'halt') throw error
    return false
  } finally {
    clearInterval(beat)
    if (await exists(scratchDir))
      await trash(o.stateDir, scratchDir, `claim ${claim.claimId} ended`, new Date())
  }
}

/** A result is worth waiting for a restarting coordinator: try for as long as the claim may live. */
async function complete(
  employer: Employer,
  request: workV1.CompleteRequest,
  signal: AbortSignal,
): Promise<workV1.CompleteResponse> {
  for (;;) {
    try {
      return await employer.work.complete(request, { signal })
    } catch (error) {
      if (signal.aborted || remedyOf(error) !== 'retry') throw error
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
  }
}
