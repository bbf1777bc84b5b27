import { CborError } from './cbor/cbor-error.js'
import { type Codec, codec } from './cbor/codec.js'
import { bytesUpTo } from './cbor/scalars.js'

/** Longest RLE+ encoding the chain accepts, bytes. Source: go-bitfield MaxEncodedSize (32 << 10). */
export const MAX_BITFIELD_BYTES = 32 * 1024

/** Default cap of {@link BitField.toNumbers}: above the 25,000 sectors a message may address (policy.rs ADDRESSED_SECTORS_MAX). */
const DEFAULT_MAX_NUMBERS = 1_000_000

/**
 * A set of non-negative integers as run lengths, so that a few bytes naming 2^50 members stay a few bytes.
 * Immutable. Members are at most 2^53 − 2; larger ones are refused with `UNSAFE_INTEGER`.
 */
export class BitField implements Iterable<number> {
  /** Lengths of alternating runs, unset first. Only the first may be 0; the last is a run of members. */
  private constructor(private readonly lengths: readonly number[]) {}

  /** The set of these numbers, in any order, repeats allowed. @throws CborError */
  static of(members: Iterable<number>): BitField {
    const sorted = [...members].sort((a, b) => a - b)
    const builder = new RunBuilder()
    let next = 0
    for (const member of sorted) {
      if (!Number.isSafeInteger(member + 1) || member < 0) {
        throw new CborError('UNSAFE_INTEGER', `${member} cannot be in a bitfield`)
      }
      if (member < next) continue
      builder.add(false, member - next)
      builder.add(true, 1)
      next = member + 1
    }
    return new BitField(builder.finish())
  }

  /** The set whose alternating run lengths these are, unset first: Lotus' JSON. @throws CborError */
  static fromRuns(runs: readonly number[]): BitField {
    const builder = new RunBuilder()
    runs.forEach((length, i) => {
      if (!Number.isSafeInteger(length) || length < 0) {
        throw new CborError('UNSAFE_INTEGER', `${length} is no run length`)
      }
      if (length === 0 && i > 0) {
        throw new CborError('INVALID_VALUE', 'Cannot have a zero-length run except at start')
      }
      builder.add(i % 2 === 1, length)
    })
    return new BitField(builder.finish())
  }

  /** Reads Lotus' JSON: a list of run lengths, or null for none. @throws CborError */
  static fromJson(json: unknown): BitField {
    if (json === null) return BitField.of([])
    if (!Array.isArray(json) || !json.every((length) => typeof length === 'number')) {
      throw new CborError('INVALID_VALUE', 'a bitfield is a list of run lengths')
    }
    return BitField.fromRuns(json)
  }

  /** Reads RLE+ of any length. @throws CborError `INVALID_VALUE`, `UNSAFE_INTEGER` */
  static fromRle(bytes: Uint8Array): BitField {
    return new BitField(readRle(bytes))
  }

  /** Run lengths, unset first; `[0]` when empty: Lotus' JSON. */
  toJSON(): number[] {
    return this.lengths.length === 0 ? [0] : [...this.lengths]
  }

  /** RLE+ in its canonical form. */
  toRle(): Uint8Array {
    return writeRle(this.lengths)
  }

  /** The members in ascending order. @throws CborError `TOO_LARGE` when there are more than `max` */
  toNumbers(max: number = DEFAULT_MAX_NUMBERS): number[] {
    if (this.count > max)
      throw new CborError('TOO_LARGE', `bitfield has ${this.count} members, cap is ${max}`)
    return [...this]
  }

  *[Symbol.iterator](): Iterator<number> {
    for (const { start, end } of this.ranges()) for (let n = start; n < end; n++) yield n
  }

  /** The maximal ranges of members in ascending order, end exclusive. */
  *ranges(): Iterable<{ start: number; end: number }> {
    let at = 0
    for (const [i, length] of this.lengths.entries()) {
      if (i % 2 === 1) yield { start: at, end: at + length }
      at += length
    }
  }

  /** How many members. */
  get count(): number {
    return this.lengths.reduce((sum, length, i) => (i % 2 === 1 ? sum + length : sum), 0)
  }

  get isEmpty(): boolean {
    return this.lengths.length === 0
  }

  /** The smallest member, undefined when empty. */
  get first(): number | undefined {
    return this.lengths[0]
  }

  /** The largest member, undefined when empty. */
  get last(): number | undefined {
    return this.isEmpty ? undefined : this.lengths.reduce((sum, length) => sum + length, 0) - 1
  }

  has(member: number): boolean {
    for (const { start, end } of this.ranges()) {
      if (member < start) return false
      if (member < end) return true
    }
    return false
  }

  with(member: number): BitField {
    return this.union(BitField.of([member]))
  }

  without(member: number): BitField {
    return this.subtract(BitField.of([member]))
  }

  union(other: BitField): BitField {
    return combine(this, other, (a, b) => a || b)
  }

  intersect(other: BitField): BitField {
    return combine(this, other, (a, b) => a && b)
  }

  subtract(other: BitField): BitField {
    return combine(this, other, (a, b) => a && !b)
  }

  /** Removes the members of `other` and moves what follows each of them down by one. */
  cut(other: BitField): BitField {
    return combine(this, other, (a, b) => (b ? undefined : a))
  }

  /**
   * Of the members in ascending order, leaves out the first `skip` and keeps the next `count`.
   * @throws CborError `INVALID_VALUE` when there are fewer
   */
  slice(skip: number, count: number): BitField {
    const builder = new RunBuilder()
    let toSkip = skip
    let toTake = count
    for (const [i, length] of this.lengths.entries()) {
      if (i % 2 === 0) {
        builder.add(false, length)
        continue
      }
      const skipped = Math.min(length, toSkip)
      const taken = Math.min(length - skipped, toTake)
      builder.add(false, skipped)
      builder.add(true, taken)
      builder.add(false, length - skipped - taken)
      toSkip -= skipped
      toTake -= taken
    }
    if (toSkip > 0 || toTake > 0) {
      throw new CborError('INVALID_VALUE', 'not enough bits set in field to satisfy slice count')
    }
    return new BitField(builder.finish())
  }

  equals(other: BitField): boolean {
    return (
      this.lengths.length === other.lengths.length &&
      this.lengths.every((length, i) => length === other.lengths[i])
    )
  }

  /** @internal for {@link combine} */
  static assemble(builder: RunBuilder): BitField {
    return new BitField(builder.finish())
  }

  /** @internal run lengths for {@link combine} */
  get runs(): readonly number[] {
    return this.lengths
  }
}

/** Collects runs, merging neighbours of one kind and dropping empty and trailing unset ones. */
class RunBuilder {
  private readonly lengths: number[] = [0]
  private total = 0

  add(set: boolean, length: number): void {
    if (length === 0) return
    this.total += length
    if (!Number.isSafeInteger(this.total)) {
      throw new CborError('UNSAFE_INTEGER', 'bitfield reaches beyond 2^53 − 1')
    }
    const lastIsSet = this.lengths.length % 2 === 0
    if (lastIsSet === set) this.lengths[this.lengths.length - 1] = (this.lengths.at(-1) ?? 0) + length
    else this.lengths.push(length)
  }

  finish(): number[] {
    if (this.lengths.length % 2 === 1) this.lengths.pop()
    return this.lengths
  }
}

/** Walks two sets in step; `decide` says whether a stretch is in the result, or undefined to cut it out. */
function combine(
  a: BitField,
  b: BitField,
  decide: (inA: boolean, inB: boolean) => boolean | undefined,
): BitField {
  const builder = new RunBuilder()
  const left = new RunCursor(a.runs)
  const right = new RunCursor(b.runs)
  while (!left.done || !right.done) {
    const length = Math.min(left.rest, right.rest)
    const kept = decide(left.set, right.set)
    if (kept !== undefined) builder.add(kept, length)
    left.advance(length)
    right.advance(length)
  }
  return BitField.assemble(builder)
}

class RunCursor {
  private index = 0
  private used = 0

  constructor(private readonly runs: readonly number[]) {}

  get done(): boolean {
    return this.index >= this.runs.length
  }

  get set(): boolean {
    return !this.done && this.index % 2 === 1
  }

  get rest(): number {
    return this.done ? Number.POSITIVE_INFINITY : (this.runs[this.index] ?? 0) - this.used
  }

  advance(length: number): void {
    if (this.done) return
    this.used += length
    if (this.used === this.runs[this.index]) {
      this.index += 1
      this.used = 0
    }
  }
}

// RLE+ (filecoin spec, appendix data structures): version 00, the first run's value, then per run
// 1 = length 1; 01 + 4 bits = length below 16; 00 + varint = any length. Bits count from the lowest of each byte.

const SHORT_RUN_END = 16

function writeRle(lengths: readonly number[]): Uint8Array {
  if (lengths.length === 0) return new Uint8Array(0)
  const out: number[] = []
  let bit = 0
  const put = (value: number, width: number): void => {
    for (let i = 0; i < width; i++, bit++) {
      if (bit % 8 === 0) out.push(0)
      if ((value >> i) & 1) out[bit >> 3] = (out[bit >> 3] ?? 0) | (1 << (bit % 8))
    }
  }
  const startsSet = lengths[0] === 0
  put(0, 2)
  put(startsSet ? 1 : 0, 1)
  for (const length of startsSet ? lengths.slice(1) : lengths) {
    if (length === 1) {
      put(1, 1)
    } else if (length < SHORT_RUN_END) {
      put(2, 2)
      put(length, 4)
    } else {
      put(0, 2)
      let rest = length
      while (rest >= 128) {
        put((rest % 128) | 128, 8)
        rest = Math.floor(rest / 128)
      }
      put(rest, 8)
    }
  }
  // Bits past the end read as zeros, so zero bytes at the end say nothing, and the canonical form drops them.
  while (out.at(-1) === 0) out.pop()
  return Uint8Array.from(out)
}

function readRle(bytes: Uint8Array): number[] {
  if (bytes.length === 0) return []
  const input = new BitReader(bytes)
  if (input.take(2) !== 0) throw invalid('invalid RLE+ version')
  if (bytes.at(-1) === 0) throw invalid('not minimally encoded')
  const builder = new RunBuilder()
  let set = input.take(1) === 1
  // Bits past the end read as zeros. A run of length zero ends the field, whatever follows: usually the last byte's padding.
  while (!input.done) {
    const length = readRun(input)
    if (length === 0) break
    builder.add(set, length)
    set = !set
  }
  return builder.finish()
}

function readRun(input: BitReader): number {
  if (input.take(1) === 1) return 1
  if (input.take(1) === 1) return input.take(4)
  let length = 0
  for (let i = 0; i < 10; i++) {
    const byte = input.take(8)
    if (i === 9 && byte > 1) throw invalid('run too long')
    length += (byte & 127) * 2 ** (7 * i)
    if (byte < 128) {
      if (byte === 0 && i > 0) throw invalid('invalid run')
      if (!Number.isSafeInteger(length)) {
        throw new CborError('UNSAFE_INTEGER', 'bitfield run is longer than 2^53 − 1')
      }
      return length
    }
  }
  throw invalid('run too long')
}

class BitReader {
  private bit = 0

  constructor(private readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.bit >= this.bytes.length * 8
  }

  take(width: number): number {
    let value = 0
    for (let i = 0; i < width; i++, this.bit++) {
      value |= (((this.bytes[this.bit >> 3] ?? 0) >> (this.bit % 8)) & 1) << i
    }
    return value
  }
}

function invalid(reason: string): CborError {
  return new CborError('INVALID_VALUE', `${reason}: invalid encoding for RLE+ version 0`)
}

const rleBytes = bytesUpTo(MAX_BITFIELD_BYTES)

const bitfieldCodec: Codec<BitField> = codec({
  write: (writer, value) => rleBytes.write(writer, value.toRle()),
  read: (reader) => BitField.fromRle(rleBytes.read(reader)),
  zero: () => BitField.of([]),
})

/** A set of sector, partition or deal-position numbers: the codec (RLE+ in a byte string) and the constructors. */
export const bitfield = {
  ...bitfieldCodec,
  of: BitField.of,
  fromRuns: BitField.fromRuns,
  fromJson: BitField.fromJson,
  fromRle: BitField.fromRle,
}
