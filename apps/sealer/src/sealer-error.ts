import { CodedError, type Remedy } from '@sealane/host'

export type SealerFacts =
  | { code: 'PIECE_WRONG'; pieceCid: string; actual: string }
  | { code: 'PIECE_TOO_LONG'; pieceCid: string; maxBytes: number }
  | { code: 'OFFER_REFUSED'; reason: string }
  | { code: 'DEAL_EXPIRED'; dealUuid: string; startEpoch: number; headEpoch: number }
  | { code: 'COMM_D_MISMATCH'; sector: number; expected: string; actual: string }
  | { code: 'PROOF_INVALID'; sector: number }
  | { code: 'REFUSED_BY_MINER'; refusal: string; text: string; remedyText: Remedy }
  | { code: 'MINER_NOT_READY'; waitingFor: string }
  | { code: 'WORKER_FAILED'; task: string; reason: string; cause: string; remedyText: Remedy }
  | { code: 'NO_SUCH_SECTOR'; sector: number }
  | { code: 'NOT_NOW'; sector: number; state: string; wanted: string }
  | { code: 'WRONG_MINER'; known: string; answered: string }
  | { code: 'SECTOR_LIMIT'; text: string }

const remedies = {
  PIECE_WRONG: 'drop',
  PIECE_TOO_LONG: 'drop',
  OFFER_REFUSED: 'drop',
  DEAL_EXPIRED: 'drop',
  COMM_D_MISMATCH: 'hold',
  PROOF_INVALID: 'hold',
  MINER_NOT_READY: 'retry',
  NO_SUCH_SECTOR: 'hold',
  NOT_NOW: 'hold',
  WRONG_MINER: 'halt',
  SECTOR_LIMIT: 'retry',
} as const satisfies Record<Exclude<SealerFacts['code'], 'REFUSED_BY_MINER' | 'WORKER_FAILED'>, Remedy>

/** Every error of the coordinator's own; what the miner or a worker reported keeps the remedy it came with. */
export class SealerError extends CodedError<SealerFacts> {
  get remedy(): Remedy {
    return 'remedyText' in this.facts ? this.facts.remedyText : remedies[this.facts.code]
  }
}
