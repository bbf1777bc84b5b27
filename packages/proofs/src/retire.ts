import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

/**
 * Moves a non-empty file or directory into a place of its own, `<trashDir>/<date>/<name>.<hex>/`, on the same volume: where the operator's
 * trash commands find it. First the manifest: a crash in between leaves a manifest of nothing, never a thing of nowhere. Nothing is
 * deleted here; a missing or empty path is left as it is.
 *
 * @returns where it went, or undefined if there was nothing to move
 */
export async function retire(path: string, trashDir: string, reason: string): Promise<string | undefined> {
  const sizeBytes = await sizeOf(path)
  if (sizeBytes === 0) return undefined
  const now = new Date()
  const name = basename(path)
  const place = join(trashDir, now.toISOString().slice(0, 10), `${name}.${randomBytes(6).toString('hex')}`)
  await mkdir(place, { recursive: true })
  const manifest = { originalPath: path, reason, trashedMs: now.getTime(), sizeBytes }
  await writeFile(join(place, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  await rename(path, join(place, name))
  return join(place, name)
}

/** 0: nothing is there, or nothing is in it. Unit: bytes. */
async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path)
    return found.isDirectory() && (await readdir(path)).length === 0 ? 0 : found.size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}
