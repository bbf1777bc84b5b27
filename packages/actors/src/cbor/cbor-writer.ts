import { CborError } from './cbor-error.js'

/** An append-only byte buffer that writes shortest-form CBOR headers. */
export class CborWriter {
  private buffer = new Uint8Array(128)
  private used = 0

  /** Writes a header with the shortest argument form. `argument` must be 0 ≤ n < 2^64. */
  header(type: number, argument: number | bigint): void {
    const lead = type << 5
    if (typeof argument === 'number') {
      if (!Number.isSafeInteger(argument) || argument < 0) {
        throw new CborError('UNENCODABLE', `${argument} is no CBOR argument`)
      }
      if (argument < 24) return this.push([lead | argument])
      if (argument < 0x100) return this.push([lead | 24, argument])
      if (argument < 0x1_0000) return this.push([lead | 25, argument >> 8, argument & 0xff])
      if (argument < 0x1_0000_0000) return this.push([lead | 26, ...bigEndian(BigInt(argument), 4)])
      return this.push([lead | 27, ...bigEndian(BigInt(argument), 8)])
    }
    if (argument < 0n || argument >= 1n << 64n) {
      throw new CborError('INTEGER_OVERFLOW', `${argument} does not fit uint64`)
    }
    if (argument <= 0x1f_ffff_ffff_ffffn) return this.header(type, Number(argument))
    this.push([lead | 27, ...bigEndian(argument, 8)])
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

function bigEndian(value: bigint, width: number): number[] {
  const out: number[] = []
  for (let i = width - 1; i >= 0; i--) out.push(Number((value >> BigInt(8 * i)) & 0xffn))
  return out
}
