import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mkdirDurable, renameDurable, syncFile, trash, writeFileDurable } from '@sealane/host'
import { exists } from './exists.js'
import { parseSectorManifest, type SectorManifest } from './sector-manifest.js'
import { type FileKind, fileKinds, type StoragePath, sectorName } from './storage-path.js'

/** Whose a claim's directory is, written before anything else is. */
export interface ClaimOwner {
  minerId: number
  sectorNumber: number
  /** `preCommit1` or `preCommit2`. */
  work: string
  /** What the task was made from: another ticket, other pieces or another claim's files give another result. */
  input: string
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
  get #owner(): string {
    return join(this.dir, 'owner.json')
  }
  get #done(): string {
    return join(this.dir, 'done')
  }

  async begin(owner: ClaimOwner): Promise<void> {
    await mkdirDurable(this.dir)
    await writeFileDurable(this.#owner, `${JSON.stringify(owner, null, 2)}\n`)
  }

  async owner(): Promise<ClaimOwner | undefined> {
    return parsed<ClaimOwner>(this.#owner)
  }

  /** All of the task's files are on disk: from now on the result survives the worker, and the machine. */
  async finish(): Promise<void> {
    await syncTree(this.dir)
    await writeFileDurable(this.#done, '')
  }

  async isFinished(): Promise<boolean> {
    return await exists(this.#done)
  }

  async readManifest(): Promise<SectorManifest> {
    return parseSectorManifest(await readFile(this.manifest, 'utf8'), this.manifest)
  }

  async writeManifest(manifest: SectorManifest): Promise<void> {
    await writeFileDurable(this.manifest, `${JSON.stringify(manifest, null, 2)}\n`)
  }
}

/** The claim directories of a sector on a storage path. */
export async function claimsOf(
  storage: StoragePath,
  sector: { minerId: number; sectorNumber: number },
): Promise<{ files: ClaimFiles; owner: ClaimOwner }[]> {
  const found: { files: ClaimFiles; owner: ClaimOwner }[] = []
  for (const claimId of await readdir(join(storage.path, 'claims'))) {
    const files = new ClaimFiles(storage, claimId)
    const owner = await files.owner()
    if (owner?.minerId === sector.minerId && owner.sectorNumber === sector.sectorNumber)
      found.push({ files, owner })
  }
  return found
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
    return parseSectorManifest(await readFile(this.manifest, 'utf8'), this.manifest)
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
      const why = `${this.name}: replaced by claim ${winningClaim}`
      await trash(this.storage.path, this.at(kind), why, new Date())
      await renameDurable(from, this.at(kind))
    }
    if (await exists(claim.manifest)) {
      await mkdirDurable(join(this.storage.path, 'manifests'))
      await renameDurable(claim.manifest, this.manifest)
    }
  }
}

/** fsync of every file and folder below `dir`: what a child process wrote survives a power cut. */
async function syncTree(dir: string): Promise<void> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true })
  for (const entry of entries)
    if (entry.isFile() || entry.isDirectory()) await syncFile(join(entry.parentPath, entry.name))
  await syncFile(dir)
}

/** A JSON file; undefined when it is not there, or torn. */
async function parsed<Value>(path: string): Promise<Value | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Value
  } catch {
    return undefined
  }
}
