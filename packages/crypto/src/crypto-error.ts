/** What went wrong with a key or an argument; `code` is stable, the message is for people. */
export type CryptoErrorCode = 'KEY_INVALID' | 'KEY_TEXT_INVALID' | 'KEY_TYPE_UNKNOWN' | 'LENGTH_INVALID'

/** Thrown by this package. Never carries key bytes, in the message or otherwise. */
export class CryptoError extends Error {
  override readonly name = 'CryptoError'

  constructor(
    readonly code: CryptoErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
