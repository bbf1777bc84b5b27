import { CodedError, codeOf, type Remedy, remedyOf } from '@sealane/host'
import { isDiskFull, isDiskTrouble } from '../disk-trouble.js'

export type WorkerFacts =
  | { code: 'PIECE_MISMATCH'; sector: number; pieceCid: string }
  | { code: 'COMM_D_CHANGED'; sector: number }
  | { code: 'FILES_MISSING'; sector: number; what: string }
  | { code: 'MANIFEST_WRONG'; path: string; reason: string }
  | { code: 'NO_SPACE'; sector: number; path: string; freeBytes: number; neededBytes: number }
  | { code: 'CLAIM_OVER'; sector: number }

const remedies = {
  PIECE_MISMATCH: 'hold',
  COMM_D_CHANGED: 'hold',
  FILES_MISSING: 'drop',
  MANIFEST_WRONG: 'hold',
  NO_SPACE: 'retry',
  CLAIM_OVER: 'retry',
} as const satisfies Record<WorkerFacts['code'], Remedy>

/** What a worker finds wrong with a task, before any proof is made. */
export class WorkerError extends CodedError<WorkerFacts> {
  get remedy(): Remedy {
    return remedies[this.facts.code]
  }
}

/** What the coordinator is told of a failed task. A full or failing disk is this machine's trouble, not the sector's. */
export function taskFailure(
  error: unknown,
  where: string | undefined,
): { code: string; remedy: Remedy; text: string } {
  const code = codeOf(error)
  const text = error instanceof Error ? error.message : String(error)
  if (isDiskFull(code)) {
    const fix = 'free some there (its trash counts), or start a worker with another path'
    return {
      code: 'DISK_FULL',
      remedy: 'retry',
      text: `no space left on ${where ?? 'the state directory'}: ${fix}`,
    }
  }
  if (isDiskTrouble(code)) return { code, remedy: 'retry', text: `${where ?? 'state directory'}: ${text}` }
  return { code, remedy: remedyOf(error), text }
}
