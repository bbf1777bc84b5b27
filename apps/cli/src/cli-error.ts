import { CodedError, type Remedy } from '@sealane/host/client'

export type CliFacts =
  | { code: 'USAGE'; reason: string }
  | { code: 'NOT_RUNNING'; what: string }
  | { code: 'STATE_TAKEN'; dir: string; pid: number }
  | { code: 'OTHER_SECTOR_SIZE'; dir: string; has: string; needs: string }
  | { code: 'TOO_LARGE'; sizeBytes: number; deals: number }
  | { code: 'SERVICE_DIED'; service: string; lastLine: string }
  | { code: 'RUN_FAILED'; reason: string }
  | { code: 'TIMED_OUT'; seconds: number; waitingFor: string }
  | { code: 'DEAL_REFUSED'; text: string }
  | { code: 'NO_ASK'; miner: string; reason: string }
  | { code: 'NO_ANSWER'; dealUuid: string; reason: string }
  | { code: 'NO_KEY'; name: string }
  | { code: 'CHAIN'; reason: string }
  | { code: 'CHAIN_UNFIT'; what: string }
  | { code: 'OTHER_CHAIN'; dir: string; has: string }
  | { code: 'NO_DEAL'; id: string }
  | { code: 'UNREACHABLE'; miner: string; addresses: string }
  | { code: 'NO_FUNDS'; address: string; has: string; needs: string }
  | { code: 'NOT_ON_CHAIN'; what: string }
  | { code: 'MESSAGE_FAILED'; cid: string; exitCode: number }
  | { code: 'MESSAGE_REFUSED'; cid: string }
  | { code: 'NONCE_TAKEN'; cid: string }
  | { code: 'KEYSTORE'; path: string; reason: string }
  | { code: 'FILE'; path: string; reason: string }

const remedies = {
  USAGE: 'hold',
  NOT_RUNNING: 'retry',
  STATE_TAKEN: 'hold',
  OTHER_SECTOR_SIZE: 'hold',
  TOO_LARGE: 'hold',
  SERVICE_DIED: 'hold',
  RUN_FAILED: 'hold',
  TIMED_OUT: 'retry',
  DEAL_REFUSED: 'hold',
  NO_ASK: 'retry',
  NO_ANSWER: 'retry',
  NO_KEY: 'hold',
  CHAIN: 'retry',
  CHAIN_UNFIT: 'hold',
  OTHER_CHAIN: 'hold',
  NO_DEAL: 'hold',
  UNREACHABLE: 'retry',
  NO_FUNDS: 'hold',
  NOT_ON_CHAIN: 'hold',
  MESSAGE_FAILED: 'hold',
  MESSAGE_REFUSED: 'hold',
  NONCE_TAKEN: 'hold',
  KEYSTORE: 'hold',
  FILE: 'hold',
} as const satisfies Record<CliFacts['code'], Remedy>

/** What the command line itself refuses; its message is the one line that is printed. */
export class CliError extends CodedError<CliFacts> {
  get remedy(): Remedy {
    return remedies[this.facts.code]
  }
}
