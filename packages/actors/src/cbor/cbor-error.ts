/**
 * Why bytes are no value of the expected shape, or a value cannot be written.
 *
 * - `TRUNCATED`: the input ends inside an item.
 * - `MALFORMED`: not the deterministic subset of CBOR that Filecoin uses (indefinite length, an integer that is
 *   not in its shortest form, bad UTF-8, a reserved header).
 * - `WRONG_TYPE`: well-formed, but another kind of item than the schema asks for.
 * - `TOO_LARGE`: above a length cap.
 * - `TRAILING_BYTES`: more input after the item.
 * - `UNSAFE_INTEGER`: an integer outside ±(2^53 − 1) where house types hold a plain number.
 * - `INTEGER_OVERFLOW`: an integer outside int64 or uint64, which no Filecoin field can hold.
 * - `INVALID_VALUE`: the item is right in kind but its content is not (an address, a CID, a bitfield).
 * - `UNENCODABLE`: the value handed to the encoder does not fit its type.
 */
export type CborErrorCode =
  | 'TRUNCATED'
  | 'MALFORMED'
  | 'WRONG_TYPE'
  | 'TOO_LARGE'
  | 'TRAILING_BYTES'
  | 'UNSAFE_INTEGER'
  | 'INTEGER_OVERFLOW'
  | 'INVALID_VALUE'
  | 'UNENCODABLE'

/** Bytes refused by a decoder, or a value refused by an encoder. Trying again cannot help. */
export class CborError extends Error {
  override readonly name = 'CborError'
  readonly remedy = 'drop'

  constructor(
    readonly code: CborErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}
