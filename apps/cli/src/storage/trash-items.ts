import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { listTrash, type TrashManifest } from '@sealane/host/client'

export interface TrashItem extends TrashManifest {
  /** The folder that holds it and its manifest. */
  readonly path: string
  /** The storage path or state directory whose trash it is in. */
  readonly root: string
  /** All files of it. */
  readonly bytes: number
}

/** Deep enough for `<state>/staging/trash` and a worker's storage path below its state. */
const searchDepth = 3

/** Folders at or below `dirs` that have a trash of their own. Links are not followed. */
export function trashRoots(dirs: readonly string[]): string[] {
  return [...new Set(dirs.flatMap((dir) => rootsBelow(dir, searchDepth)))]
}

function rootsBelow(dir: string, depth: number): string[] {
  const names = foldersIn(dir)
  const below = names.filter((name) => name !== 'trash' && depth > 0)
  return [
    ...(names.includes('trash') ? [dir] : []),
    ...below.flatMap((name) => rootsBelow(join(dir, name), depth - 1)),
  ]
}

function foldersIn(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
  } catch {
    return []
  }
}

/** What lies in the trash of these roots, oldest first. */
export async function trashItems(roots: readonly string[]): Promise<TrashItem[]> {
  const found: TrashItem[] = []
  for (const root of roots) {
    for (const item of await listTrash(root)) found.push({ ...item, root, bytes: bytesBelow(item.path) })
  }
  return found.sort((a, b) => a.trashedMs - b.trashedMs)
}

function bytesBelow(path: string): number {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 0
  if (!found.isDirectory()) return found.size
  return readdirSync(path).reduce((sum, name) => sum + bytesBelow(join(path, name)), 0)
}
