import type { Identity } from '@sealane/host'
import type { Prover, TaskOptions } from '@sealane/proofs'
import type { workV1 } from '@sealane/proto'
import { ClaimFiles, SectorFiles } from './sector-files.js'
import type { StoragePath } from './storage-path.js'

/** What a task may use: its claim, its prover, the hub of whoever gave it. */
export interface TaskTools {
  claimId: string
  task: workV1.Task
  prover: Prover
  /** The storage path the claim names; undefined for portable tasks. */
  storage: StoragePath | undefined
  /** Scratch of a portable task, its own. */
  scratchDir: string
  hub: { url: string; role: 'sealer' | 'miner'; tls: Identity }
  /** Before files that have a name for others are touched: throws WorkerError CLAIM_OVER when somebody else has the task by now. */
  requireClaim: () => Promise<void>
  options: TaskOptions & { signal: AbortSignal }
}

export type TaskResult = NonNullable<workV1.CompleteRequest['result']>
export type RunTask<Work> = (work: Work, tools: TaskTools) => Promise<TaskResult>

export function sectorOf(task: workV1.Task) {
  return { minerId: task.minerId, sectorNumber: task.sectorNumber, sectorSize: BigInt(task.sectorSize) }
}

function storageOf(tools: TaskTools): StoragePath {
  if (tools.storage === undefined) throw new TypeError(`${tools.task.work?.$case} needs a storage path`)
  return tools.storage
}

export function claimFiles(tools: TaskTools, claimId = tools.claimId): ClaimFiles {
  return new ClaimFiles(storageOf(tools), claimId)
}

export function sectorFiles(tools: TaskTools): SectorFiles {
  return new SectorFiles(storageOf(tools), tools.task.minerId, tools.task.sectorNumber)
}
