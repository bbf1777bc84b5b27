import { CborError } from './cbor-error.js'
import { headerAt, major } from './cbor-reader.js'

/** Limits of a scan. */
export interface ScanLimits {
  /** Longest item accepted, in bytes. Default 4 MiB: twice cbor-gen's largest byte string. */
  maxBytes?: number
}

const DEFAULT_MAX_ITEM_BYTES = 4 * 1024 * 1024

/**
 * Finds where the first CBOR item of a growing buffer ends, without decoding it and without looking at any byte
 * twice, so a peer that dribbles bytes costs linear time. Memory is two numbers whatever the nesting.
 */
export class ItemScanner {
  private offset = 0
  private pending = 1
  private readonly maxBytes: number

  constructor(limits: ScanLimits = {}) {
    this.maxBytes = limits.maxBytes ?? DEFAULT_MAX_ITEM_BYTES
  }

  /**
   * @param input all bytes received so far: the earlier ones unchanged, new ones appended
   * @returns the length in bytes of the first complete item, or undefined when more input is needed
   * @throws CborError `MALFORMED` or `TOO_LARGE`, as early as it can be known
   */
  scan(input: Uint8Array): number | undefined {
    while (this.pending > 0) {
      const header = headerAt(input, this.offset)
      if (header === undefined) {
        if (input.length > this.maxBytes) throw this.tooLarge()
        return undefined
      }
      const next = this.step(header.major, header.argument, header.size)
      // Every pending item still needs at least one byte, so an absurd count is refused before it is awaited.
      if (next.offset + next.pending > this.maxBytes) throw this.tooLarge()
      if (next.offset > input.length) return undefined
      this.offset = next.offset
      this.pending = next.pending
    }
    return this.offset
  }

  private step(type: number, argument: number | bigint, size: number): { offset: number; pending: number } {
    const offset = this.offset + size
    const pending = this.pending - 1
    if (type === major.uint || type === major.negative || type === major.simple) return { offset, pending }
    if (type === major.tag) return { offset, pending: pending + 1 }
    if (typeof argument === 'bigint') throw this.tooLarge()
    if (type === major.bytes || type === major.text) return { offset: offset + argument, pending }
    if (type === major.array) return { offset, pending: pending + argument }
    return { offset, pending: pending + argument * 2 }
  }

  private tooLarge(): CborError {
    return new CborError('TOO_LARGE', `CBOR item is above the cap of ${this.maxBytes} bytes`)
  }
}

/**
 * The length in bytes of the first CBOR item of `input`, or undefined when the input ends inside it.
 * For input that arrives in many pieces keep one {@link ItemScanner} instead: this function starts from the front.
 * @throws CborError `MALFORMED` or `TOO_LARGE`
 */
export function itemLength(input: Uint8Array, limits: ScanLimits = {}): number | undefined {
  return new ItemScanner(limits).scan(input)
}
