import { CborError } from './cbor-error.js'
import { CborReader } from './cbor-reader.js'
import { CborWriter } from './cbor-writer.js'

/** How one type is written to and read from CBOR. Codecs are values; combinators build larger ones. */
export interface Codec<T> {
  /** The bytes of `value`. Throws CborError `UNENCODABLE` when the value does not fit its type. */
  encode(value: T): Uint8Array
  /** The one value that `input` holds. Throws CborError; bytes after the item are refused. */
  decode(input: Uint8Array): T
  /** The first value of `input` and how many bytes follow it: what the reference decoders do. */
  decodePrefix(input: Uint8Array): { value: T; unreadBytes: number }
  /** Appends `value` to a writer: for combinators. */
  write(writer: CborWriter, value: T): void
  /** Reads one value at the cursor: for combinators. */
  read(reader: CborReader): T
  /** The value a cbor-gen map leaves when the key is missing: Go's zero value. */
  zero(): T
}

/** The type a codec reads and writes. */
export type Decoded<C> = C extends Codec<infer T> ? T : never

/** Builds a codec from its two halves and its zero value. */
export function codec<T>(parts: {
  write(writer: CborWriter, value: T): void
  read(reader: CborReader): T
  zero(): T
}): Codec<T> {
  return {
    ...parts,
    encode(value) {
      const writer = new CborWriter()
      parts.write(writer, value)
      return writer.finish()
    },
    decode(input) {
      const reader = new CborReader(input)
      const value = parts.read(reader)
      if (reader.offset !== input.length) {
        throw new CborError('TRAILING_BYTES', `${input.length - reader.offset} bytes follow the CBOR item`)
      }
      return value
    },
    decodePrefix(input) {
      const reader = new CborReader(input)
      const value = parts.read(reader)
      return { value, unreadBytes: input.length - reader.offset }
    },
  }
}

/** The same wire form under another type: `to` after reading, `from` before writing. */
export function mapped<A, B>(
  inner: Codec<A>,
  to: (wire: A) => B,
  from: (value: B) => A,
  zero?: () => B,
): Codec<B> {
  return codec<B>({
    write: (writer, value) => inner.write(writer, from(value)),
    read: (reader) => to(inner.read(reader)),
    zero: zero ?? (() => to(inner.zero())),
  })
}
