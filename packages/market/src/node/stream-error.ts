/** Why an exchange on a stream did not happen. */
export type StreamErrorCode =
  /** The whole item did not arrive, or could not be written, in time. */
  | 'STREAM_TIMEOUT'
  /** The peer ended the stream before its item was complete. */
  | 'STREAM_ENDED'
  /** The peer or the connection broke the stream off. */
  | 'STREAM_RESET'

/** The peer's or the network's doing: trying again may help. */
export class StreamError extends Error {
  static override readonly name = 'StreamError'
  readonly remedy = 'retry'

  constructor(
    readonly code: StreamErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
    this.name = StreamError.name
  }
}
