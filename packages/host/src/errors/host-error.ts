import { CodedError, type Remedy } from './coded-error.js'

export type HostFacts =
  | { code: 'CONFIG'; where: string; reason: string }
  | { code: 'QUEUE_DOWN'; queue: string; server: string }
  | { code: 'QUEUE_REFUSED'; queue: string; server: string; reason: string }
  | { code: 'QUEUE_VOLATILE'; server: string; setting: string; value: string; wanted: string }
  | { code: 'QUEUE_EXPOSED'; server: string; reason: string }
  | { code: 'QUEUE_URL'; reason: string }
  | { code: 'JOB_WRONG'; queue: string; reason: string }
  | { code: 'QUEUES_CLOSED' }
  | { code: 'NOT_INSTALLED'; what: string; fix: string }
  | { code: 'CHILD_DIED'; what: string; exit: string; lastLine: string }
  | { code: 'CERTIFICATE'; file: string; reason: string }
  | { code: 'ADDRESS'; address: string; reason: string }
  | { code: 'FILE_WRONG'; what: string; reason: string }
  | { code: 'FILE_REFUSED'; url: string; reason: string }
  | { code: 'FILE_TRANSFER'; url: string; reason: string }
  | { code: 'FILE_TOO_LARGE'; url: string; maxBytes: string }

const remedies = {
  CONFIG: 'halt',
  QUEUE_DOWN: 'retry',
  QUEUE_REFUSED: 'retry',
  QUEUE_VOLATILE: 'halt',
  QUEUE_EXPOSED: 'halt',
  QUEUE_URL: 'halt',
  JOB_WRONG: 'drop',
  QUEUES_CLOSED: 'retry',
  NOT_INSTALLED: 'halt',
  CHILD_DIED: 'retry',
  CERTIFICATE: 'halt',
  ADDRESS: 'halt',
  FILE_WRONG: 'hold',
  FILE_REFUSED: 'hold',
  FILE_TRANSFER: 'retry',
  FILE_TOO_LARGE: 'drop',
} as const satisfies Record<HostFacts['code'], Remedy>

/** Every error this package throws of its own. */
export class HostError extends CodedError<HostFacts> {
  get remedy(): Remedy {
    return remedies[this.facts.code]
  }
}
