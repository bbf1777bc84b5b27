import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { HostError, mkdirDurable, writeFileDurable } from '@sealane/host'
import { z } from 'zod'
import { openStoragePath, type StoragePath } from './storage-path.js'

/**
 * Opens the worker's storage paths and remembers their IDs in `<stateDir>/storage.json`, so that a missing mount is told from a new path.
 * Throws HostError CONFIG (`halt`).
 */
export async function openStorage(paths: readonly string[], stateDir: string): Promise<StoragePath[]> {
  const file = join(stateDir, 'storage.json')
  const known = knownPaths(
    await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return '{}'
      throw cause
    }),
    file,
  )
  const opened: StoragePath[] = []
  for (const path of paths.map((one) => resolve(one))) {
    const storage = await openStoragePath(path, known[path])
    const twin = opened.find((other) => other.id === storage.id)
    if (twin !== undefined) {
      const reason = `${twin.path} and ${path} are both storage path ${storage.id}`
      throw new HostError(
        { code: 'CONFIG', where: 'worker.storage', reason },
        `${reason}: give each path once, and a copy its own ID in sectorstore.json`,
      )
    }
    opened.push(storage)
  }
  await mkdirDurable(stateDir, 0o700)
  const seen = { ...known, ...Object.fromEntries(opened.map(({ path, id }) => [path, id])) }
  await writeFileDurable(file, `${JSON.stringify(seen, null, 2)}\n`)
  return opened
}

/** IDs by path, as this worker wrote them. Throws HostError CONFIG (`halt`). */
export function knownPaths(text: string, file: string): Record<string, string> {
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(text))
  } catch {
    const reason = 'is not the list of storage paths that this worker wrote'
    throw new HostError(
      { code: 'CONFIG', where: file, reason },
      `${file} ${reason}: restore it, or move it away if every path is mounted`,
    )
  }
}
