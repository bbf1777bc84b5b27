import type { workV1 } from '@sealane/proto'
import { freeBytes, usedBytes } from './describe-path.js'
import { ClaimFiles } from './sector-files.js'
import type { StoragePath } from './storage-path.js'
import { WorkerError } from './worker-error.js'

type Work = NonNullable<workV1.Task['work']>['$case']

/**
 * What a stage writes, in sector sizes. PreCommit1 answers for the whole way to a sealed sector: pieces and unsealed 1 each, sealed 1
 * and PreCommit2's own copy of it 1, cache 14.1. Source: sealing.md 8.2 (lotus storiface.FSOverheadSeal).
 */
const sectorsWritten: Partial<Record<Work, number>> = { preCommit1: 18.1, preCommit2: 4.1 }

/** Room on the storage paths, with what running claims will still write set aside. */
export class Space {
  readonly #reserved = new Map<string, { storage: StoragePath; bytes: number }>()

  constructor(private readonly free: (path: string) => Promise<number> = freeBytes) {}

  /** Sets aside what a claim needs; throws WorkerError NO_SPACE (`retry`) when the path has not so much left. */
  async reserve(claimId: string, storage: StoragePath, task: workV1.Task): Promise<void> {
    const sectors = task.work === undefined ? undefined : sectorsWritten[task.work.$case]
    if (sectors === undefined) return
    const bytes = Math.ceil(sectors * task.sectorSize)
    const left = (await this.free(storage.path)) - (await this.#stillToCome(storage))
    if (left < bytes) {
      throw new WorkerError(
        {
          code: 'NO_SPACE',
          sector: task.sectorNumber,
          path: storage.path,
          freeBytes: left,
          neededBytes: bytes,
        },
        `storage path ${storage.path} has ${left} bytes left, ${task.work?.$case} of sector ${task.sectorNumber} needs ${bytes}: free some there (its trash counts), or start a worker with another path`,
      )
    }
    this.#reserved.set(claimId, { storage, bytes })
  }

  release(claimId: string): void {
    this.#reserved.delete(claimId)
  }

  /** Paths with the most room first. */
  async byRoom(paths: readonly StoragePath[]): Promise<StoragePath[]> {
    const rooms = await Promise.all(
      paths.map(async (storage) => ({
        storage,
        left: (await this.free(storage.path)) - (await this.#stillToCome(storage)),
      })),
    )
    return rooms.sort((a, b) => b.left - a.left).map(({ storage }) => storage)
  }

  async #stillToCome(storage: StoragePath): Promise<number> {
    let bytes = 0
    for (const [claimId, reserved] of this.#reserved) {
      if (reserved.storage.id !== storage.id) continue
      const written = await usedBytes(new ClaimFiles(storage, claimId).dir)
      bytes += Math.max(0, reserved.bytes - written)
    }
    return bytes
  }
}
