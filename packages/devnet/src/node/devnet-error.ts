export type DevnetErrorCode = 'KEY_SET_MISMATCH' | 'LISTEN_FAILED' | 'OPTION_INVALID'

/** Why a devnet cannot run. The remedy is `halt`: its owner's input is wrong, waiting does not help. */
export class DevnetError extends Error {
  readonly remedy = 'halt'

  constructor(
    readonly code: DevnetErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'DevnetError'
  }
}
