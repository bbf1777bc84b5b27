import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { workV1 } from '@sealane/proto'
import { exists } from './exists.js'
import type { StoragePath } from './storage-path.js'

/** Only sealing needs the layers; a finalized sector has none. Source: filecoin-proofs, CacheKey::LabelLayer. */
const LAYER = 'sc-02-data-layer-1.dat'

/** What a path can say of itself to the coordinator and to the miner. */
export async function describePath(storage: StoragePath, minerId: number): Promise<workV1.StoragePath> {
  const prefix = `s-t0${minerId}-`
  const names = (await readdir(join(storage.path, 'sealed'))).filter((name) => name.startsWith(prefix))
  const sectors = await Promise.all(
    names.map(async (name) => ({
      sectorNumber: Number(name.slice(prefix.length)),
      finalized: !(await exists(join(storage.path, 'cache', name, LAYER))),
    })),
  )
  return {
    id: storage.id,
    canSeal: storage.canSeal,
    canStore: storage.canStore,
    freeBytes: await freeBytes(storage.path),
    sectors: sectors.filter((sector) => Number.isSafeInteger(sector.sectorNumber)),
    claims: await readdir(join(storage.path, 'claims')),
  }
}

/** Unit: bytes. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

/** What the files below a folder take up. Unit: bytes. */
export async function usedBytes(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(
        async (entry) => (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0,
      ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
