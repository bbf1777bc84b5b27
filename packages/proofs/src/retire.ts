import { mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

/**
 * Moves a non-empty file or directory into `<trashDir>/<date>/`, on the same volume, with a manifest beside
 * it. Nothing is deleted here; a missing or empty path is left as it is.
 *
 * @returns where it went, or undefined if there was nothing to move
 */
export async function retire(path: string, trashDir: string, reason: string): Promise<string | undefined> {
  if (await isEmpty(path)) return undefined
  const now = new Date().toISOString()
  const day = join(trashDir, now.slice(0, 10))
  await mkdir(day, { recursive: true })
  const target = join(day, `${basename(path)}.${now.slice(11).replaceAll(':', '')}.${process.pid}`)
  await rename(path, target)
  await writeFile(`${target}.manifest.json`, `${JSON.stringify({ from: path, at: now, reason })}\n`)
  return target
}

async function isEmpty(path: string): Promise<boolean> {
  try {
    const found = await stat(path)
    return found.isDirectory() ? (await readdir(path)).length === 0 : found.size === 0
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true
    throw error
  }
}
