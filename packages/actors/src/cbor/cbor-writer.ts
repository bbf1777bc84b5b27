import { CborError } from './cbor-error.js'

const UINT64_END = 1n << 64n

/** An append-only byte buffer that writes shortest-form CBOR headers. */
export class CborWriter {
  private buffer = new Uint8Array(256)
  private used = 0

  /** Writes a header with the shortest argument form. @throws CborError unless 0 ≤ argument < 2^64 */
  header(type: number, argument: number | bigint): void {
    if (typeof argument === 'number' && !Number.isSafeInteger(argument)) {
      throw new CborError('UNENCODABLE', `${argument} is no CBOR argument`)
    }
    if (argument < 0 || argument >= UINT64_END) {
      throw new CborError('INTEGER_OVERFLOW', `${argument} does not fit uint64`)
    }
    const lead = type << 5
    if (argument < 24) this.#number(lead | Number(argument), 1)
    else if (argument < 0x100) this.#number(((lead | 24) << 8) | Number(argument), 2)
    else if (argument < 0x1_0000) this.#number(((lead | 25) << 16) | Number(argument), 3)
    else {
      const wide = BigInt(argument)
      const width = wide < 0x1_0000_0000n ? 4 : 8
      this.#number(lead | (width === 4 ? 26 : 27), 1)
      if (width === 8) this.#number(Number(wide >> 32n), 4)
      this.#number(Number(wide & 0xffff_ffffn), 4)
    }
  }

  /** Appends raw bytes. */
  push(bytes: ArrayLike<number>): void {
    this.#room(bytes.length)
    this.buffer.set(bytes, this.used)
    this.used += bytes.length
  }

  /** What was written so far, as a copy. */
  finish(): Uint8Array {
    return this.buffer.slice(0, this.used)
  }

  /** Appends the `width` (1 to 4) low bytes of a whole number, highest first. */
  #number(value: number, width: number): void {
    this.#room(width)
    for (let shift = 8 * (width - 1); shift >= 0; shift -= 8) this.buffer[this.used++] = value >>> shift
  }

  #room(bytes: number): void {
    const needed = this.used + bytes
    if (needed <= this.buffer.length) return
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2))
    grown.set(this.buffer.subarray(0, this.used))
    this.buffer = grown
  }
}
