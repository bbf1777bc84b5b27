import { CodedError, type Remedy } from '@sealane/host'

export type WorkerFacts =
  | { code: 'PIECE_MISMATCH'; sector: number; pieceCid: string }
  | { code: 'COMM_D_CHANGED'; sector: number }
  | { code: 'FILES_MISSING'; sector: number; what: string }

const remedies = {
  PIECE_MISMATCH: 'hold',
  COMM_D_CHANGED: 'hold',
  FILES_MISSING: 'drop',
} as const satisfies Record<WorkerFacts['code'], Remedy>

/** What a worker finds wrong with the files of a task, before any proof is made. */
export class WorkerError extends CodedError<WorkerFacts> {
  get remedy(): Remedy {
    return remedies[this.facts.code]
  }
}
