import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { StoragePath, Trash } from './facts.js'

/** Names in a folder but its trash; none when there is no such folder. */
export function filesIn(dir: string): string[] {
  try {
    return readdirSync(dir).filter((name) => name !== 'trash')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** A manifest that was being written when its process was killed. Source: packages/host/src/files/write-file-durable.ts. */
const halfManifest = /^\.manifest\.json\.[0-9a-f]+\.tmp$/

/** What lies in `<root>/trash`. A folder with a manifest, or half of one, and nothing else is a move that was interrupted: the thing is where it was. */
export function readTrash(root: string): Trash {
  const names = new Set<string>()
  const unexplained: string[] = []
  for (const day of filesIn(join(root, 'trash'))) {
    for (const name of filesIn(join(root, 'trash', day))) {
      const place = join(root, 'trash', day, name)
      const things = filesIn(place).filter((thing) => thing !== 'manifest.json' && !halfManifest.test(thing))
      const from = originOf(join(place, 'manifest.json'))
      if (from === undefined) {
        if (things.length > 0) unexplained.push(place)
      } else if (things.length > 0) names.add(basename(from))
    }
  }
  return { names, unexplained }
}

function originOf(manifest: string): string | undefined {
  try {
    const { originalPath, reason } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      originalPath?: unknown
      reason?: unknown
    }
    return typeof originalPath === 'string' && typeof reason === 'string' ? originalPath : undefined
  } catch {
    return undefined
  }
}

/** A worker's storage path; undefined when nothing is there. Source of the layout: lotus storage/paths (sectorstore.json, s-t0<miner>-<sector>). */
export function readStoragePath(path: string): StoragePath | undefined {
  const marker = join(path, 'sectorstore.json')
  if (!existsSync(marker)) return undefined
  const numbers = (kind: string) =>
    filesIn(join(path, kind)).flatMap((name) => {
      const number = /^s-t0\d+-(\d+)(?:\.json)?$/.exec(name)?.[1]
      return number === undefined ? [] : [Number(number)]
    })
  return {
    path,
    id: String((JSON.parse(readFileSync(marker, 'utf8')) as { ID?: unknown }).ID),
    sectors: {
      sealed: numbers('sealed'),
      cache: numbers('cache'),
      unsealed: numbers('unsealed'),
      manifests: numbers('manifests'),
    },
    claims: filesIn(join(path, 'claims')),
    trash: readTrash(path),
  }
}
