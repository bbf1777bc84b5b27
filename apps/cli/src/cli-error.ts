import { CodedError, type Remedy } from '@sealane/host'

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
  | { code: 'NO_KEY'; name: string }
  | { code: 'CHAIN'; reason: string }

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
  NO_KEY: 'hold',
  CHAIN: 'retry',
} as const satisfies Record<CliFacts['code'], Remedy>

/** What the command line itself refuses; its message is the one line that is printed. */
export class CliError extends CodedError<CliFacts> {
  get remedy(): Remedy {
    return remedies[this.facts.code]
  }
}
