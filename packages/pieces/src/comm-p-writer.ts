import { type CommPKernel, installedKernels } from '@sealane/crypto'
import type { PaddedSize } from '@sealane/fil-units'
import { type CommPDigest, CommPHasher, requirePayload } from './comm-p-hasher.js'

/**
 * As {@link CommPHasher}, for payload that comes from a file or a socket: with the addon it hashes on other threads while
 * the event loop goes on, and whoever writes waits when the threads are behind. Memory: 2 MiB a thread and 1 more.
 */
export class CommPWriter {
  private readonly kernel: CommPKernel | undefined
  private readonly hasher: CommPHasher | undefined
  private payload = 0n

  /** @param threads how many may hash this payload at once; 0 = one for each core, which no single source outruns. */
  constructor(threads = 0) {
    this.kernel = installedKernels()?.openCommP?.(threads)
    this.hasher = this.kernel === undefined ? new CommPHasher() : undefined
  }

  /** Payload bytes taken so far. */
  get payloadSize(): bigint {
    return this.payload
  }

  /**
   * Takes the next bytes of the payload; one write at a time. The chunk is the caller's again when the promise resolves,
   * which it does at once unless the threads are behind.
   */
  async write(chunk: Uint8Array): Promise<void> {
    this.payload += BigInt(chunk.length)
    this.hasher?.write(chunk)
    if (this.kernel === undefined) return
    for (let taken = this.kernel.write(chunk); taken < chunk.length; ) {
      await this.kernel.room()
      taken += this.kernel.write(chunk.subarray(taken))
    }
  }

  /**
   * The commitment of everything written; ends the payload.
   * @throws PieceError PAYLOAD_TOO_SHORT below 65 bytes, where commP is not defined.
   */
  async digest(): Promise<CommPDigest> {
    requirePayload(this.payload)
    if (this.kernel === undefined) return (this.hasher ?? new CommPHasher()).digest()
    const { root, paddedSize } = await this.kernel.finish()
    return { commP: root, paddedSize: paddedSize as PaddedSize, payloadSize: this.payload }
  }
}
