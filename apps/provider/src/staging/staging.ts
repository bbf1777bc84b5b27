import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Log, mkdirDurable, trash } from '@sealane/host'
import type { Clock } from '../clock.js'

/** The disk's size is looked at again after this. Unit: ms. */
const limitMaxAgeMs = 10_000
/** Share of the disk that staging leaves alone when no limit is set. Unit: per cent. */
const sparePercent = 5

/** The folder where bytes wait for home: one file a deal, named by its uuid. */
export class Staging {
  #limit: { bytes: number; atMs: number } | undefined

  constructor(
    readonly dir: string,
    private readonly maxBytes: number,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  async open(): Promise<void> {
    await mkdirDurable(this.dir, 0o700)
  }

  /** Where a deal's bytes are, or will be. */
  path(dealUuid: string): string {
    return join(this.dir, `${dealUuid}.piece`)
  }

  /** Moves a deal's bytes to the trash of this volume, if there are any. */
  async discard(dealUuid: string, reason: string): Promise<void> {
    const moved = await trash(this.dir, this.path(dealUuid), reason, new Date(this.clock.now()))
    if (moved !== undefined) this.log.info('staged bytes trashed', { dealUuid, reason, to: moved })
  }

  /** Bytes that accepted deals may hold together: the configured limit, or what the disk has. */
  async limitBytes(): Promise<number> {
    if (this.maxBytes > 0) return this.maxBytes
    const now = this.clock.now()
    if (this.#limit === undefined || now - this.#limit.atMs > limitMaxAgeMs) {
      const { bavail, bsize } = await statfs(this.dir)
      // What is free, and what our own files take already: both are there for accepted deals.
      const bytes = Math.floor(((bavail * bsize + (await this.#usedBytes())) * (100 - sparePercent)) / 100)
      this.#limit = { bytes, atMs: now }
    }
    return this.#limit.bytes
  }

  /** Uuids of the deals that have a file here. */
  async found(): Promise<string[]> {
    const names = await readdir(this.dir)
    return names.filter((name) => name.endsWith('.piece')).map((name) => name.slice(0, -'.piece'.length))
  }

  async #usedBytes(): Promise<number> {
    const sizes = (await this.found()).map(async (dealUuid) => {
      const found = await stat(this.path(dealUuid)).catch(() => undefined)
      return found?.size ?? 0
    })
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  }
}
