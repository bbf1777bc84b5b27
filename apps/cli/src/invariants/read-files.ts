import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
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

/** What `trash` writes, in its order: a place of its own, the manifest under a name of its own, then its right name, then the thing. */
const halfWritten = {
  place: /\.[0-9a-f]{12}$/,
  name: /^\.manifest\.json\.[0-9a-f]{12}\.tmp$/,
  begins: '{\n  "originalPath": "',
  /** A path of 4,096 bytes, escaped, and a reason. Unit: bytes. */
  longest: 64 * 1024,
} as const

/**
 * What lies in `<root>/trash`. A place with a manifest and nothing else is a move that was interrupted: the thing is where it was. So is
 * one with the first bytes of a manifest and nothing else; beside a thing, or beside a manifest, those are not of our making, for `trash`
 * moves the thing last and the manifest's right name takes the other's place.
 */
export function readTrash(root: string): Trash {
  const names = new Set<string>()
  const unexplained: string[] = []
  for (const day of filesIn(join(root, 'trash'))) {
    for (const name of filesIn(join(root, 'trash', day))) {
      const place = join(root, 'trash', day, name)
      const inside = filesIn(place)
      if (inside.length === 0 || (inside.length === 1 && isHalfManifest(place, inside[0] ?? ''))) continue
      const things = inside.filter((thing) => thing !== 'manifest.json')
      const from = originOf(join(place, 'manifest.json'))
      if (from === undefined || things.some((thing) => thing !== nameInTrash(from))) unexplained.push(place)
      else if (things.length > 0) names.add(basename(from))
    }
  }
  return { names, unexplained }
}

/** A thing keeps its name, unless that is the manifest's own. */
function nameInTrash(from: string): string {
  return basename(from) === 'manifest.json' ? 'manifest.json.trashed' : basename(from)
}

/** A manifest whose writer was killed, or is writing just now. Source: packages/host/src/files/trash.ts, write-file-durable.ts. */
function isHalfManifest(place: string, name: string): boolean {
  if (!halfWritten.place.test(place) || !halfWritten.name.test(name)) return false
  try {
    const path = join(place, name)
    if (statSync(path).size > halfWritten.longest) return false
    const text = readFileSync(path, 'utf8')
    return text.startsWith(halfWritten.begins) || halfWritten.begins.startsWith(text)
  } catch {
    // It has its right name by now.
    return existsSync(join(place, 'manifest.json'))
  }
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
