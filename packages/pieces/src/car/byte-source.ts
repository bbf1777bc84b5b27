import { PieceError } from '../piece-error.js'

/**
 * Takes exact numbers of bytes out of chunks of any size. Holds no more than one request and one chunk at a time, so
 * whoever bounds its requests bounds the memory.
 */
export class ByteSource {
  private readonly chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  private chunk: Uint8Array = new Uint8Array(0)
  private taken = 0

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  }

  /** Bytes taken or skipped so far. */
  get position(): number {
    return this.taken
  }

  /** Whether no byte is left. */
  async atEnd(): Promise<boolean> {
    while (this.chunk.length === 0) {
      const next = await this.chunks.next()
      if (next.done === true) return true
      this.chunk = next.value
    }
    return false
  }

  /** The next `count` bytes. They may share the chunk's memory. @throws PieceError CAR_TRUNCATED */
  async take(count: number): Promise<Uint8Array> {
    const first = await this.upTo(count)
    if (first.length === count) return first
    const whole = new Uint8Array(count)
    whole.set(first)
    for (let filled = first.length; filled < count; ) {
      const part = await this.upTo(count - filled)
      if (part.length === 0) throw this.truncated()
      whole.set(part, filled)
      filled += part.length
    }
    return whole
  }

  /** Passes over `count` bytes without keeping them. @throws PieceError CAR_TRUNCATED */
  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const part = await this.upTo(left)
      if (part.length === 0) throw this.truncated()
      left -= part.length
    }
  }

  /** Tells the chunks' producer that no more will be asked for. */
  async close(): Promise<void> {
    await this.chunks.return?.()
  }

  private async upTo(count: number): Promise<Uint8Array> {
    if (count === 0 || (await this.atEnd())) return new Uint8Array(0)
    const part = this.chunk.subarray(0, count)
    this.chunk = this.chunk.subarray(part.length)
    this.taken += part.length
    return part
  }

  private truncated(): PieceError {
    return new PieceError('CAR_TRUNCATED', `the CAR ends within an item, after ${this.taken} bytes`)
  }
}
