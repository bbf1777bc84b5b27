import { CodedError, type Remedy } from '@sealane/host'

export type MinerFacts =
  | { code: 'KEYSTORE'; path: string; reason: string; fix: string }
  | { code: 'KEY_UNKNOWN'; name: string }
  | { code: 'KEY_EXISTS'; name: string; address: string }
  | { code: 'POLICY'; class: string; reason: string }
  | { code: 'OVER_CAP'; what: string; cap: string; wanted: string; who: string; daily: boolean }
  | { code: 'INSUFFICIENT_FUNDS'; address: string; has: string; needs: string }
  | { code: 'NO_ACTOR'; address: string }
  | { code: 'BASE_FEE_HIGH'; baseFee: string; feeCap: string }
  | { code: 'REQUEST_REUSED'; requestId: string; differs: string }
  | { code: 'NO_MINER'; waitingFor: string }
  | { code: 'MINER_EXISTS'; miner: string }
  | { code: 'WRONG_NETWORK'; network: string; wanted: string }
  | { code: 'NETWORK_UNKNOWN' }
  | { code: 'STALE_COORDINATOR'; epoch: number; newest: number }
  | { code: 'BAD_REQUEST'; reason: string }
  | { code: 'TICKET_EXPIRED'; sector: number; ticketEpoch: number; headEpoch: number }
  | { code: 'TICKET_CHANGED'; sector: number; ticketEpoch: number }
  | { code: 'NUMBER_NOT_OURS'; sector: number }
  | { code: 'NOT_SETTLED'; sector: number; epoch: number; headEpoch: number }
  | { code: 'COMM_D_WRONG'; sector: number }
  | { code: 'DEAL_EXPIRED'; sector: number; dealId: number; startEpoch: number; headEpoch: number }
  | { code: 'DEAL_OUTLIVES_SECTOR'; sector: number; wanted: number; most: number }
  | { code: 'PROVER_REFUSED'; prover: string; network: string }
  | { code: 'NO_PRECOMMIT'; sector: number }
  | { code: 'PRECOMMIT_EXPIRED'; sector: number; expiredEpoch: number; headEpoch: number }
  | { code: 'DEAL_TOO_LATE'; sector: number; dealIds: readonly number[]; headEpoch: number }
  | { code: 'PRECOMMIT_DIFFERS'; sector: number; what: string }
  | { code: 'SEED_CHANGED'; sector: number; seedEpoch: number }
  | { code: 'TOO_EARLY'; sector: number; seedEpoch: number; headEpoch: number }
  | { code: 'PROOF_INVALID'; sector: number; prover: string }
  | { code: 'PROPOSAL_REFUSED'; proposalCid: string; reason: string }
  | { code: 'BATCH_SPLIT'; reason: string }
  | { code: 'DUPLICATE_PROPOSAL'; proposalCid: string; requestId: string }

const remedies = {
  KEYSTORE: 'halt',
  KEY_UNKNOWN: 'hold',
  KEY_EXISTS: 'hold',
  POLICY: 'hold',
  OVER_CAP: 'hold',
  INSUFFICIENT_FUNDS: 'hold',
  NO_ACTOR: 'hold',
  BASE_FEE_HIGH: 'retry',
  REQUEST_REUSED: 'hold',
  NO_MINER: 'retry',
  MINER_EXISTS: 'hold',
  WRONG_NETWORK: 'halt',
  NETWORK_UNKNOWN: 'retry',
  STALE_COORDINATOR: 'halt',
  BAD_REQUEST: 'hold',
  TICKET_EXPIRED: 'retry',
  TICKET_CHANGED: 'hold',
  NUMBER_NOT_OURS: 'hold',
  NOT_SETTLED: 'retry',
  COMM_D_WRONG: 'hold',
  DEAL_EXPIRED: 'hold',
  DEAL_OUTLIVES_SECTOR: 'hold',
  PROVER_REFUSED: 'hold',
  NO_PRECOMMIT: 'retry',
  PRECOMMIT_EXPIRED: 'hold',
  DEAL_TOO_LATE: 'retry',
  PRECOMMIT_DIFFERS: 'hold',
  SEED_CHANGED: 'retry',
  TOO_EARLY: 'retry',
  PROOF_INVALID: 'hold',
  PROPOSAL_REFUSED: 'drop',
  BATCH_SPLIT: 'retry',
  DUPLICATE_PROPOSAL: 'drop',
} as const satisfies Record<MinerFacts['code'], Remedy>

/** Every failure this app names itself. */
export class MinerError extends CodedError<MinerFacts> {
  get remedy(): Remedy {
    return remedies[this.facts.code]
  }
}
