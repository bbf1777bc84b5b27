import { randomUUID } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HostError, mkdirDurable, writeFileDurable } from '@sealane/host'
import { z } from 'zod'

/** lotus' sectorstore.json; unknown keys of it are left alone. Source: lotus storage/sealer/storiface (LocalStorageMeta). */
const sectorStore = z.looseObject({
  ID: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  Weight: z.number().default(10),
  CanSeal: z.boolean().default(true),
  CanStore: z.boolean().default(true),
})

/** The folders of a path, named as lotus names them. */
export const fileKinds = ['unsealed', 'sealed', 'cache'] as const
export type FileKind = (typeof fileKinds)[number]

export interface StoragePath {
  id: string
  path: string
  canSeal: boolean
  canStore: boolean
}

/** lotus' file name of a sector. Source: lotus storiface.SectorName. */
export function sectorName(minerId: number, sectorNumber: number): string {
  return `s-t0${minerId}-${sectorNumber}`
}

/**
 * Opens a storage path, giving a new one its sectorstore.json. `knownId`: what this worker has seen there before. A folder that is not
 * there, that lost its file or has another one is a mount that is missing: throws HostError CONFIG (`halt`) with the fix, and writes
 * nothing.
 */
export async function openStoragePath(path: string, knownId?: string): Promise<StoragePath> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isDirectory())
    throw wrong(path, 'is no directory', 'mount the storage path, or make it with mkdir')
  const file = markerOf(path)
  const text = await readMarker(path)
  if (text === undefined) await requireNew(path, knownId)
  const parsed = sectorStore.safeParse(text === undefined ? { ID: randomUUID() } : json(file, text))
  if (!parsed.success) throw wrong(file, parsed.error.issues.map((issue) => issue.message).join('; '))
  const { ID: id, CanSeal, CanStore, Weight } = parsed.data
  if (knownId !== undefined && knownId !== id)
    throw wrong(file, `names storage path ${id}, this was ${knownId}`, 'mount the right one')
  for (const kind of fileKinds) await mkdirDurable(join(path, kind))
  await mkdirDurable(join(path, 'claims'))
  if (text === undefined) await writeFileDurable(file, `${JSON.stringify(parsed.data, null, 2)}\n`)
  return { id, path, canSeal: CanSeal && Weight > 0, canStore: CanStore }
}

/** Before anything is read or written: the path is still the one that was opened. Throws HostError CONFIG (`halt`) with the fix. */
export async function requireMounted(storage: StoragePath): Promise<void> {
  const file = markerOf(storage.path)
  const text = await readMarker(storage.path)
  if (text === undefined) throw wrong(file, 'is gone')
  const parsed = sectorStore.safeParse(json(file, text))
  if (parsed.data?.ID !== storage.id)
    throw wrong(file, `names storage path ${parsed.data?.ID}, this was ${storage.id}`, 'mount the right one')
}

function markerOf(path: string): string {
  return join(path, 'sectorstore.json')
}

async function readMarker(path: string): Promise<string | undefined> {
  try {
    return await readFile(markerOf(path), 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw wrong(markerOf(path), `cannot be read (${(cause as NodeJS.ErrnoException).code})`)
  }
}

/** An empty folder in place of a mount looks like a new storage path: what we know of it, or what lies in it, tells. */
async function requireNew(path: string, knownId: string | undefined): Promise<void> {
  const file = markerOf(path)
  if (knownId !== undefined) throw wrong(file, `is missing; this worker knows storage path ${knownId} there`)
  const names = await readdir(path)
  if (names.some((name) => (fileKinds as readonly string[]).includes(name)))
    throw wrong(file, 'is missing beside sector files')
}

function json(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong(file, 'is not JSON')
  }
}

function wrong(
  where: string,
  reason: string,
  fix = 'mount the storage path, or restore the file',
): HostError {
  return new HostError(
    { code: 'CONFIG', where, reason },
    `${where} ${reason}: ${fix}, before the worker serves it`,
  )
}
