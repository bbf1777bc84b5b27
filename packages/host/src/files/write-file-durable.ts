import { randomBytes } from 'node:crypto'
import { mkdir, open, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** Writes a whole file so that after a crash either the old or the new content is there: temporary file, fsync, rename, fsync of the folder. */
export async function writeFileDurable(
  path: string,
  content: string | Uint8Array,
  o: { mode?: number } = {},
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
  const file = await open(temporary, 'wx', o.mode ?? 0o644)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await renameDurable(temporary, path)
}

/** Renames and makes both folders remember it. */
export async function renameDurable(from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncFolder(dirname(to))
  if (dirname(from) !== dirname(to)) await syncFolder(dirname(from))
}

/** fsync of a folder: what was created, renamed or removed in it survives a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** fsync of a file that something else wrote. */
export async function syncFile(path: string): Promise<void> {
  await syncFolder(path)
}

/** mkdir -p that survives a power cut: each new folder's parent is fsynced. */
export async function mkdirDurable(path: string, mode = 0o755): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode })
  if (first === undefined) return
  for (let at = path; ; at = dirname(at)) {
    await syncFolder(dirname(at))
    if (at === first) return
  }
}
