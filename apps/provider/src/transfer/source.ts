/** What is asked of a data server: bytes `offset` to `size` − 1 of one file. */
export interface Wanted {
  readonly offset: number
  /** Whole length of the file, from the deal. */
  readonly size: number
  /** Strong ETag of the bytes before `offset`. */
  readonly validator: string | null
}

/** A data server's answer that may be read. */
export interface Source {
  /** Where the body begins: `offset`, or 0 when the server sends everything again. */
  readonly start: number
  /** Strong ETag, when the server gives one. */
  readonly validator: string | null
  readonly body: AsyncIterable<Uint8Array>
  /** Ends the connection. */
  close(): void
}
