import { CborError } from './cbor-error.js'

/** CBOR major types (RFC 8949 §3.1). */
export const major = { uint: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const

const names = [
  'uint',
  'negative integer',
  'byte string',
  'text string',
  'array',
  'map',
  'tag',
  'simple value',
]

/** One item header: its major type and argument. The argument is a bigint only above 2^53 − 1. */
export interface CborHeader {
  major: number
  argument: number | bigint
  /** Bytes the header itself takes: 1, 2, 3, 5 or 9. */
  size: number
}

/**
 * Reads the header at `offset`, or returns undefined when the input ends inside it. Accepts shortest forms only,
 * like cbor-gen: an argument that would have fitted a shorter header is malformed, and so are indefinite lengths.
 */
export function headerAt(input: Uint8Array, offset: number): CborHeader | undefined {
  const first = input[offset]
  if (first === undefined) return undefined
  const type = first >> 5
  const low = first & 31
  if (low < 24) return { major: type, argument: low, size: 1 }
  if (low > 27) throw new CborError('MALFORMED', `invalid CBOR header 0x${first.toString(16)}`)
  const width = 1 << (low - 24)
  if (offset + 1 + width > input.length) return undefined
  let argument = 0
  const numberWidth = Math.min(width, 4)
  for (let i = 1; i <= numberWidth; i++) argument = argument * 256 + (input[offset + i] ?? 0)
  if (width < 8) {
    const least = width === 1 ? 24 : width === 2 ? 0x100 : 0x10000
    if (argument < least) throw nonMinimal(width)
    return { major: type, argument, size: 1 + width }
  }
  if (argument === 0) throw nonMinimal(width)
  let tail = 0
  for (let i = 5; i <= 8; i++) tail = tail * 256 + (input[offset + i] ?? 0)
  // The high word times 2^32 plus the low word stays exact below 2^53, which is a high word below 2^21.
  const wide =
    argument < 0x20_0000 ? argument * 0x1_0000_0000 + tail : (BigInt(argument) << 32n) | BigInt(tail)
  return { major: type, argument: wide, size: 9 }
}

function nonMinimal(width: number): CborError {
  return new CborError(
    'MALFORMED',
    `CBOR input was not canonical: ${width}-byte argument fits a shorter header`,
  )
}

/** A cursor over complete bytes. Every codec reads through it; nothing is copied until a leaf asks for it. */
export class CborReader {
  offset = 0

  constructor(readonly input: Uint8Array) {}

  /** Reads the next header. Throws `TRUNCATED` at the end of the input. */
  header(): CborHeader {
    const header = headerAt(this.input, this.offset)
    if (header === undefined) throw new CborError('TRUNCATED', 'unexpected end of CBOR input')
    this.offset += header.size
    return header
  }

  /** The next byte without consuming it, or undefined at the end. */
  peek(): number | undefined {
    return this.input[this.offset]
  }

  /**
   * Reads a header of the given major type whose argument is a length at most `max` items or bytes.
   * @param what the noun used in the error text
   */
  length(type: number, max: number, what: string): number {
    const header = this.header()
    if (header.major !== type) {
      throw new CborError('WRONG_TYPE', `${what}: expected ${names[type]}, found ${names[header.major]}`)
    }
    if (typeof header.argument === 'bigint' || header.argument > max) {
      throw new CborError('TOO_LARGE', `${what}: length ${header.argument} is above the cap of ${max}`)
    }
    return header.argument
  }

  /** Takes exactly `count` bytes as a copy. */
  take(count: number): Uint8Array {
    const end = this.offset + count
    if (end > this.input.length) throw new CborError('TRUNCATED', 'unexpected end of CBOR input')
    const taken = this.input.slice(this.offset, end)
    this.offset = end
    return taken
  }

  /** Skips `count` bytes. */
  skip(count: number): void {
    const end = this.offset + count
    if (end > this.input.length) throw new CborError('TRUNCATED', 'unexpected end of CBOR input')
    this.offset = end
  }
}
