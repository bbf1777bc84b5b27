import { Injectable } from '@nestjs/common'
import { createAlerts, type Log } from '@sealane/host'

/** What cannot wait: the code the operator's `alert.command` gets. */
export type AlertKind =
  | 'post-half-time'
  | 'post-missed'
  | 'post-sectors-skipped'
  | 'push-failed'
  | 'nonce-taken'
  | 'low-balance'
  | 'message-failed'

/** The miner's alarm bell: an error line, and the configured command, not more than every ten minutes for the same thing. */
@Injectable()
export class Alerts {
  readonly #bell: ReturnType<typeof createAlerts>

  constructor(command: string | undefined, log: Log) {
    this.#bell = createAlerts({ command, log })
  }

  raise(kind: AlertKind, text: string): void {
    this.#bell.raise(kind, text, text)
  }
}
