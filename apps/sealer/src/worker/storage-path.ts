import { randomUUID } from 'node:crypto'
import { readdir, readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { HostError, mkdirDurable, writeFileDurable } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
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
 * Opens a storage path, giving a new one its sectorstore.json. A folder with sectors but without that file is not ours, or a mount
 * that is not there: throws HostError CONFIG (`halt`).
 */
export async function openStoragePath(path: string): Promise<StoragePath> {
  const file = join(path, 'sectorstore.json')
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined
    throw cause
  })
  if (text === undefined) {
    const known = await readdir(path).catch(() => [] as string[])
    if (known.some((name) => (fileKinds as readonly string[]).includes(name)))
      throw wrong(file, 'is missing beside sector files')
  }
  const parsed = sectorStore.safeParse(text === undefined ? { ID: randomUUID() } : json(file, text))
  if (!parsed.success) throw wrong(file, parsed.error.issues.map((issue) => issue.message).join('; '))
  for (const kind of fileKinds) await mkdirDurable(join(path, kind))
  if (text === undefined) await writeFileDurable(file, `${JSON.stringify(parsed.data, null, 2)}\n`)
  return {
    id: parsed.data.ID,
    path,
    canSeal: parsed.data.CanSeal && parsed.data.Weight > 0,
    canStore: parsed.data.CanStore,
  }
}

/** What a path can say of itself to the coordinator and to the miner. */
export async function describePath(storage: StoragePath, minerId: number): Promise<workV1.StoragePath> {
  const space = await statfs(storage.path)
  const prefix = `s-t0${minerId}-`
  const names = await readdir(join(storage.path, 'sealed'))
  const sectors = names
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({ sectorNumber: Number(name.slice(prefix.length)), finalized: false }))
    .filter((sector) => Number.isSafeInteger(sector.sectorNumber))
  return {
    id: storage.id,
    canSeal: storage.canSeal,
    canStore: storage.canStore,
    freeBytes: space.bavail * space.bsize,
    sectors,
  }
}

function json(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw wrong(file, 'is not JSON')
  }
}

function wrong(file: string, reason: string): HostError {
  return new HostError(
    { code: 'CONFIG', where: file, reason },
    `${file} ${reason}: mount the storage path, or restore the file, before the worker serves it`,
  )
}
