import { CborError } from './cbor-error.js'
import { type CborReader, major } from './cbor-reader.js'
import { type Codec, codec } from './codec.js'

/** Longest byte string cbor-gen reads, bytes. Source: cbor-gen ByteArrayMaxLen (2 << 20). */
export const MAX_BYTE_STRING_BYTES = 2_097_152
/** Longest text string and array cbor-gen reads, bytes or items. Source: cbor-gen MaxLength. */
export const MAX_LENGTH = 8192

const MAX_INT64 = (1n << 63n) - 1n

/** An unsigned integer as a plain number. Refuses more than 2^53 − 1 with `UNSAFE_INTEGER`. */
export const uint: Codec<number> = codec({
  write(writer, value) {
    if (!Number.isSafeInteger(value) || value < 0) throw unencodable('uint', value)
    writer.header(major.uint, value)
  },
  read(reader) {
    return safe(unsignedAt(reader))
  },
  zero: () => 0,
})

/** An unsigned 64-bit integer as a bigint: sizes, and fields of strangers that may use the whole range. */
export const uint64: Codec<bigint> = codec({
  write(writer, value) {
    if (typeof value !== 'bigint' || value < 0n) throw unencodable('uint64', value)
    writer.header(major.uint, value)
  },
  read(reader) {
    return BigInt(unsignedAt(reader))
  },
  zero: () => 0n,
})

/** A signed integer as a plain number (int64 on the wire). Refuses magnitudes above 2^53 − 1. */
export const int: Codec<number> = codec({
  write(writer, value) {
    if (!Number.isSafeInteger(value)) throw unencodable('int', value)
    if (value < 0) writer.header(major.negative, -1 - value)
    else writer.header(major.uint, value)
  },
  read(reader) {
    return safe(signedAt(reader))
  },
  zero: () => 0,
})

/** A signed 64-bit integer as a bigint. */
export const int64: Codec<bigint> = codec({
  write(writer, value) {
    if (typeof value !== 'bigint') throw unencodable('int64', value)
    if (value > MAX_INT64 || value < -MAX_INT64 - 1n) {
      throw new CborError('INTEGER_OVERFLOW', `${value} does not fit int64`)
    }
    if (value < 0n) writer.header(major.negative, -1n - value)
    else writer.header(major.uint, value)
  },
  read(reader) {
    return BigInt(signedAt(reader))
  },
  zero: () => 0n,
})

/** true or false, nothing else. */
export const bool: Codec<boolean> = codec({
  write(writer, value) {
    if (typeof value !== 'boolean') throw unencodable('bool', value)
    writer.header(major.simple, value ? 21 : 20)
  },
  read(reader) {
    const header = reader.header()
    if (header.major !== major.simple) throw new CborError('WRONG_TYPE', 'expected a boolean')
    if (header.argument === 20) return false
    if (header.argument === 21) return true
    throw new CborError('WRONG_TYPE', `simple value ${header.argument} is no boolean`)
  },
  zero: () => false,
})

/** A byte string of at most `maxBytes`. */
export function bytesUpTo(maxBytes: number): Codec<Uint8Array> {
  return codec<Uint8Array>({
    write(writer, value) {
      if (!(value instanceof Uint8Array)) throw unencodable('byte string', value)
      if (value.length > maxBytes) {
        throw new CborError(
          'TOO_LARGE',
          `byte string of ${value.length} bytes is above the cap of ${maxBytes}`,
        )
      }
      writer.header(major.bytes, value.length)
      writer.push(value)
    },
    read(reader) {
      return reader.take(reader.length(major.bytes, maxBytes, 'byte string'))
    },
    zero: () => new Uint8Array(0),
  })
}

/** A byte string of exactly `length` bytes: a UUID (16), a commitment (32). */
export function bytesOf(length: number): Codec<Uint8Array> {
  const any = bytesUpTo(length)
  return codec<Uint8Array>({
    write(writer, value) {
      if (value.length !== length) throw unencodable(`${length}-byte string`, value.length)
      any.write(writer, value)
    },
    read(reader) {
      const value = any.read(reader)
      if (value.length !== length) {
        throw new CborError('INVALID_VALUE', `expected ${length} bytes, found ${value.length}`)
      }
      return value
    },
    zero: () => new Uint8Array(length),
  })
}

/** A byte string of at most 2 MiB: cbor-gen's cap. */
export const bytes: Codec<Uint8Array> = bytesUpTo(MAX_BYTE_STRING_BYTES)

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8Encoder = new TextEncoder()

/** A text string of at most `maxBytes` UTF-8 bytes. Broken UTF-8 is refused: it would not encode to the same bytes. */
export function textUpTo(maxBytes: number): Codec<string> {
  return codec({
    write(writer, value) {
      if (typeof value !== 'string' || !value.isWellFormed()) throw unencodable('text', value)
      const encoded = utf8Encoder.encode(value)
      if (encoded.length > maxBytes) {
        throw new CborError('TOO_LARGE', `text of ${encoded.length} bytes is above the cap of ${maxBytes}`)
      }
      writer.header(major.text, encoded.length)
      writer.push(encoded)
    },
    read(reader) {
      const raw = reader.take(reader.length(major.text, maxBytes, 'text string'))
      try {
        return utf8.decode(raw)
      } catch (cause) {
        throw new CborError('MALFORMED', 'text string is not UTF-8', { cause })
      }
    },
    zero: () => '',
  })
}

/** A text string of at most 8192 UTF-8 bytes: cbor-gen's cap. */
export const text: Codec<string> = textUpTo(MAX_LENGTH)

function unsignedAt(reader: CborReader): number | bigint {
  const header = reader.header()
  if (header.major !== major.uint) throw new CborError('WRONG_TYPE', 'expected an unsigned integer')
  return header.argument
}

function signedAt(reader: CborReader): number | bigint {
  const { major: type, argument } = reader.header()
  if (type !== major.uint && type !== major.negative) throw new CborError('WRONG_TYPE', 'expected an integer')
  if (typeof argument === 'bigint' && argument > MAX_INT64) {
    throw new CborError('INTEGER_OVERFLOW', `integer argument ${argument} does not fit int64`)
  }
  if (type === major.uint) return argument
  return typeof argument === 'bigint' ? -1n - argument : -1 - argument
}

function safe(value: number | bigint): number {
  if (typeof value === 'bigint' || !Number.isSafeInteger(value)) {
    throw new CborError('UNSAFE_INTEGER', `integer ${value} is outside ±(2^53 − 1)`)
  }
  return value
}

function unencodable(what: string, value: unknown): CborError {
  return new CborError('UNENCODABLE', `cannot write ${typeof value} ${String(value).slice(0, 40)} as ${what}`)
}
