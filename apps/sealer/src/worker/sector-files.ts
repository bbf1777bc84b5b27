import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { mkdirDurable, renameDurable, trash, writeFileDurable } from '@sealane/host'
import { type FileKind, fileKinds, type StoragePath, sectorName } from './storage-path.js'

/** Enough to unseal a sector and to rebuild its row from files and chain. Hashes are hex, sizes decimal. */
export interface SectorManifest {
  minerId: number
  sectorNumber: number
  sectorSize: number
  prover: string
  ticket: string
  ticketEpoch: number
  pieces: { commP: string; paddedSize: string; offset: string; filler: boolean; pieceCid: string | null }[]
  commD: string
  commR?: string
  seed?: string
}

/** A claim's own directory on a storage path: nobody else writes there. */
export class ClaimFiles {
  constructor(
    readonly storage: StoragePath,
    readonly claimId: string,
  ) {}
  get dir(): string {
    return join(this.storage.path, 'claims', this.claimId)
  }
  get unsealed(): string {
    return join(this.dir, 'unsealed')
  }
  get sealed(): string {
    return join(this.dir, 'sealed')
  }
  get cache(): string {
    return join(this.dir, 'cache')
  }
  get preCommit1Output(): string {
    return join(this.dir, 'pc1.json')
  }
  get manifest(): string {
    return join(this.dir, 'manifest.json')
  }

  async readManifest(): Promise<SectorManifest> {
    return JSON.parse(await readFile(this.manifest, 'utf8')) as SectorManifest
  }

  async writeManifest(manifest: SectorManifest): Promise<void> {
    await writeFileDurable(this.manifest, `${JSON.stringify(manifest, null, 2)}\n`)
  }
}

/** A sector's files in lotus' layout: `<path>/<kind>/s-t0<miner>-<sector>`, and our manifest beside them. */
export class SectorFiles {
  readonly name: string

  constructor(
    readonly storage: StoragePath,
    minerId: number,
    sectorNumber: number,
  ) {
    this.name = sectorName(minerId, sectorNumber)
  }

  at(kind: FileKind): string {
    return join(this.storage.path, kind, this.name)
  }

  get manifest(): string {
    return join(this.storage.path, 'manifests', `${this.name}.json`)
  }

  async readManifest(): Promise<SectorManifest> {
    return JSON.parse(await readFile(this.manifest, 'utf8')) as SectorManifest
  }

  async writeManifest(manifest: SectorManifest): Promise<void> {
    await mkdirDurable(join(this.storage.path, 'manifests'))
    await writeFileDurable(this.manifest, `${JSON.stringify(manifest, null, 2)}\n`)
  }

  /**
   * Gives the winning claim's files their names. Each rename is done if it was not, so that a crash between any two of them is
   * mended by calling again; files of an earlier claim that lie in the way go to the trash.
   */
  async settle(winningClaim: string): Promise<void> {
    const claim = new ClaimFiles(this.storage, winningClaim)
    for (const kind of fileKinds) {
      const from = claim[kind]
      if (!(await exists(from))) continue
      if (await exists(this.at(kind))) {
        await trash(
          this.storage.path,
          this.at(kind),
          `${this.name}: replaced by claim ${winningClaim}`,
          new Date(),
        )
      }
      await renameDurable(from, this.at(kind))
    }
    if (await exists(claim.manifest)) {
      await mkdirDurable(join(this.storage.path, 'manifests'))
      await renameDurable(claim.manifest, this.manifest)
    }
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
