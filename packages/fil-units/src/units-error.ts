/** What was wrong with a text or a number; `code` is stable, the message is the field's own words where it has some. */
export type UnitsErrorCode =
  | 'FIL_INVALID'
  | 'SIZE_INVALID'
  | 'EPOCH_INVALID'
  | 'DURATION_INVALID'
  | 'PERCENT_INVALID'

/** Thrown by every parser and checked constructor of this package. */
export class UnitsError extends Error {
  override readonly name = 'UnitsError'

  constructor(
    readonly code: UnitsErrorCode,
    message: string,
  ) {
    super(message)
  }
}
