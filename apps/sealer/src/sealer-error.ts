import { CodedError, type Remedy } from '@sealane/host'

export type SealerFacts =
  | { code: 'PIECE_WRONG'; pieceCid: string; actual: string }
  | { code: 'PIECE_DAMAGED'; pieceCid: string; actual: string }
  | { code: 'HOME_DISK_FULL'; dir: string; freeBytes: number; neededBytes: number }
  | { code: 'OFFER_REFUSED'; reason: string }
  | { code: 'OFFERS_OVER_CAP'; day: string; cap: number }
  | { code: 'DEAL_EXPIRED'; dealUuid: string; startEpoch: number; headEpoch: number }
  | { code: 'PROOF_INVALID'; sector: number }
  | { code: 'MINER_NOT_READY'; waitingFor: string }
  | { code: 'NO_SUCH_SECTOR'; sector: number }
  | { code: 'NOT_NOW'; sector: number; state: string; wanted: string }
  | { code: 'NO_SUCH_DEAL'; dealUuid: string }
  | { code: 'PIECE_NOT_HELD'; dealUuid: string; state: string }
  | { code: 'RANGE'; sector: number; offset: string; length: string }
  | { code: 'UNSEALED_WRONG'; sector: number; pieceCid: string; actual: string }
  | { code: 'WRONG_MINER'; known: string; answered: string }
  | { code: 'SECTOR_LIMIT'; text: string }

const remedies = {
  PIECE_WRONG: 'drop',
  PIECE_DAMAGED: 'retry',
  HOME_DISK_FULL: 'retry',
  OFFER_REFUSED: 'drop',
  OFFERS_OVER_CAP: 'hold',
  DEAL_EXPIRED: 'drop',
  PROOF_INVALID: 'hold',
  MINER_NOT_READY: 'retry',
  NO_SUCH_SECTOR: 'hold',
  NOT_NOW: 'hold',
  NO_SUCH_DEAL: 'hold',
  PIECE_NOT_HELD: 'hold',
  RANGE: 'hold',
  UNSEALED_WRONG: 'hold',
  WRONG_MINER: 'halt',
  SECTOR_LIMIT: 'retry',
} as const satisfies Record<SealerFacts['code'], Remedy>

/** Every error of the coordinator's own. */
export class SealerError extends CodedError<SealerFacts> {
  get remedy(): Remedy {
    return remedies[this.facts.code]
  }
}
