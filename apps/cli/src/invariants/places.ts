import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Where the owners of this machine keep what the checker reads. */
export interface OwnerPlaces {
  readonly providerDb: string
  readonly stagingDir: string
  readonly sealerDb: string
  readonly sealerDir: string
  readonly piecesDir: string
  readonly hubDir: string
  readonly minerDb: string
  readonly storagePaths: readonly string[]
}

/** The layout under one state directory, as `npm start` and the packaged units have it. `storagePaths`: those of workers on this machine. */
export function ownerPlaces(stateDir: string, storagePaths: readonly string[]): OwnerPlaces {
  const sealerDir = join(stateDir, 'sealer')
  return {
    providerDb: join(stateDir, 'provider/deals.db'),
    stagingDir: join(stateDir, 'provider/staging'),
    sealerDb: join(sealerDir, 'sealer.db'),
    sealerDir,
    piecesDir: join(sealerDir, 'pieces'),
    hubDir: join(sealerDir, 'hub/c1'),
    minerDb: join(stateDir, 'miner/miner.db'),
    storagePaths: storagePaths.length > 0 ? storagePaths : ownStorage(stateDir),
  }
}

/** `storage-1`, `storage-2` … of `npm start`. */
function ownStorage(stateDir: string): string[] {
  try {
    return readdirSync(stateDir)
      .filter((name) => /^storage-\d+$/.test(name))
      .map((name) => join(stateDir, name))
  } catch {
    return []
  }
}
