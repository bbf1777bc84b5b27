import { type FileHandle, open } from 'node:fs/promises'
import { type CommPDigest, CommPWriter } from '@sealane/pieces'

/** Bytes read back at once when a broken-off file is taken up again. */
const readBackBytes = 1024 * 1024

/**
 * A deal's file in staging while bytes arrive: written once, hashed as it is written, never longer than the deal says.
 */
export class PieceFile {
  #hasher = new CommPWriter()
  #size = 0

  private constructor(private readonly file: FileHandle) {}

  /** Opens a new file, or takes up a broken-off one: what is there is read back through the hash. */
  static async open(path: string, maxBytes: number): Promise<PieceFile> {
    const piece = new PieceFile(await open(path, 'a+', 0o600))
    try {
      const { size } = await piece.file.stat()
      if (size > maxBytes) await piece.restart()
      else await piece.#readBack(size)
      return piece
    } catch (cause) {
      await piece.file.close()
      throw cause
    }
  }

  /** Bytes written and hashed so far. */
  get size(): number {
    return this.#size
  }

  /** Appends bytes. The caller sees to it that they are no more than wanted. */
  async write(bytes: Uint8Array): Promise<void> {
    // Both at once: the hash is computed on other threads, the disk is waited for anyway.
    await Promise.all([this.file.appendFile(bytes), this.#hasher.write(bytes)])
    this.#size += bytes.length
  }

  /** Throws away what is there. */
  async restart(): Promise<void> {
    await this.file.truncate(0)
    this.#hasher = new CommPWriter()
    this.#size = 0
  }

  /** Makes the bytes durable and tells what they are. @throws {PieceError} PAYLOAD_TOO_SHORT below 65 bytes */
  async finish(): Promise<CommPDigest> {
    const [digest] = await Promise.all([this.#hasher.digest(), this.file.sync()])
    return digest
  }

  async close(): Promise<void> {
    await this.file.close()
  }

  async #readBack(size: number): Promise<void> {
    const buffer = new Uint8Array(Math.min(readBackBytes, Math.max(1, size)))
    while (this.#size < size) {
      const { bytesRead } = await this.file.read(buffer, 0, buffer.length, this.#size)
      if (bytesRead === 0) break
      await this.#hasher.write(buffer.subarray(0, bytesRead))
      this.#size += bytesRead
    }
  }
}
