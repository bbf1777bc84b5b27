/** What was wrong with a piece, a layout or a CAR; `code` is stable, the message is for people. */
export type PieceErrorCode =
  | 'PAYLOAD_TOO_SHORT'
  | 'LENGTH_INVALID'
  | 'PADDING_INVALID'
  | 'NO_PIECES'
  | 'SECTOR_OVERFLOW'
  | 'CAR_HEADER_INVALID'
  | 'CAR_SECTION_INVALID'
  | 'CAR_BLOCK_MISMATCH'
  | 'CAR_TRUNCATED'

/** Thrown by everything in this package that refuses its input. */
export class PieceError extends Error {
  override readonly name = 'PieceError'

  constructor(
    readonly code: PieceErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
