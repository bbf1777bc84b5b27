import { CborError } from './cbor-error.js'

/** An append-only byte buffer that writes shortest-form CBOR headers. */
export class CborWriter {
  private buffer = new Uint8Array(128)
  private used = 0

  /** Writes a header with the shortest argument form. @throws CborError unless 0 ≤ argument < 2^64 */
  header(type: number, argument: number | bigint): void {
    if (typeof argument === 'number' && !Number.isSafeInteger(argument)) {
      throw new CborError('UNENCODABLE', `${argument} is no CBOR argument`)
    }
    if (argument < 0 || argument >= 1n << 64n) {
      throw new CborError('INTEGER_OVERFLOW', `${argument} does not fit uint64`)
    }
    const lead = type << 5
    if (argument < 24) this.push([lead | Number(argument)])
    else if (argument < 0x100) this.push([lead | 24, Number(argument)])
    else if (argument < 0x1_0000) this.push([lead | 25, ...bigEndian(argument, 2)])
    else if (argument < 0x1_0000_0000) this.push([lead | 26, ...bigEndian(argument, 4)])
    else this.push([lead | 27, ...bigEndian(argument, 8)])
  }

  /** Appends raw bytes. */
  push(bytes: ArrayLike<number>): void {
    const needed = this.used + bytes.length
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2))
      grown.set(this.buffer.subarray(0, this.used))
      this.buffer = grown
    }
    this.buffer.set(bytes, this.used)
    this.used = needed
  }

  /** What was written so far, as a copy. */
  finish(): Uint8Array {
    return this.buffer.slice(0, this.used)
  }
}

function bigEndian(value: number | bigint, width: number): number[] {
  const wide = BigInt(value)
  const out: number[] = []
  for (let i = width - 1; i >= 0; i--) out.push(Number((wide >> BigInt(8 * i)) & 0xffn))
  return out
}
