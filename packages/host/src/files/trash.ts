import { randomBytes } from 'node:crypto'
import { lstat, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { z } from 'zod'
import { HostError } from '../errors/host-error.js'
import { mkdirDurable, syncFolder, writeFileDurable } from './write-file-durable.js'

const trashManifest = z.object({
  originalPath: z.string(),
  reason: z.string(),
  /** Unix ms. */
  trashedMs: z.number().nonnegative(),
  sizeBytes: z.number().nonnegative(),
})

/** Where a thing lay, why it went and when: beside it in the trash. */
export type TrashManifest = Readonly<z.output<typeof trashManifest>>

/** Reads a manifest's text. Throws HostError FILE_WRONG (`hold`): what says not since when it lies there is never purged. */
export function parseTrashManifest(text: string): TrashManifest {
  try {
    return trashManifest.parse(JSON.parse(text))
  } catch (cause) {
    const reason = 'not a trash manifest'
    throw new HostError({ code: 'FILE_WRONG', what: 'manifest.json', reason }, `manifest.json is ${reason}`, {
      cause,
    })
  }
}

/**
 * Moves a file or folder out of service into `<root>/trash/<yyyy-mm-dd>/<name>.<hex>/` with a manifest; returns the new path.
 * `root` is the storage path the thing lies on: the same volume, so that the move is a rename. Already gone: undefined.
 * Nothing else in this project deletes; purgeTrash does, after its retention.
 */
export async function trash(
  root: string,
  path: string,
  reason: string,
  now: Date,
): Promise<string | undefined> {
  const from = resolve(path)
  let sizeBytes: number
  try {
    sizeBytes = (await lstat(from)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const place = join(
    resolve(root),
    'trash',
    now.toISOString().slice(0, 10),
    `${basename(from)}.${randomBytes(6).toString('hex')}`,
  )
  await mkdirDurable(place)
  const manifest: TrashManifest = { originalPath: from, reason, trashedMs: now.getTime(), sizeBytes }
  // First the manifest: a crash in between leaves a manifest of nothing, never a thing of nowhere.
  await writeFileDurable(join(place, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  const to = join(place, basename(from) === 'manifest.json' ? 'manifest.json.trashed' : basename(from))
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  await syncFolder(place)
  await syncFolder(join(from, '..'))
  return to
}

/** What lies in the trash of a storage path, oldest first. */
export async function listTrash(root: string): Promise<(TrashManifest & { readonly path: string })[]> {
  const found: (TrashManifest & { readonly path: string })[] = []
  for (const day of await entries(join(root, 'trash'))) {
    for (const name of await entries(join(root, 'trash', day))) {
      const path = join(root, 'trash', day, name)
      try {
        found.push({ ...parseTrashManifest(await readFile(join(path, 'manifest.json'), 'utf8')), path })
      } catch {} // not of our making, or being written
    }
  }
  return found.sort((a, b) => a.trashedMs - b.trashedMs)
}

/** Deletes what has been in the trash for longer than `retentionMs`; returns what went. For `sealane storage purge` only. */
export async function purgeTrash(root: string, retentionMs: number, now: Date): Promise<TrashManifest[]> {
  const old = (await listTrash(root)).filter((item) => item.trashedMs + retentionMs <= now.getTime())
  for (const { path } of old) await rm(path, { recursive: true })
  return old.map(({ path: _, ...manifest }) => manifest)
}

async function entries(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
