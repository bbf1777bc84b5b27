import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { ProviderError } from '../provider-error.js'
import type { Source, Wanted } from './source.js'

/** Bytes read at once. */
const chunkBytes = 256 * 1024

/**
 * Checks a file that an operator wants imported and tells its size in bytes: a regular file, no link, below one of
 * `roots` when there are any. @throws {ProviderError} IMPORT_REFUSED
 */
export async function checkImport(path: string, roots: readonly string[]): Promise<number> {
  if (!isAbsolute(path)) throw refused(path, 'give an absolute path')
  const file = await openRegular(path)
  try {
    const real = await realpath(path)
    const realRoots = await Promise.all(roots.map((root) => realpath(root).catch(() => undefined)))
    const below = (root: string | undefined) =>
      root !== undefined && !relative(root, real).startsWith('..') && !isAbsolute(relative(root, real))
    if (roots.length > 0 && !realRoots.some(below)) throw refused(path, 'it is outside transfer.import_roots')
    const { size } = await file.stat()
    if (size === 0) throw refused(path, 'it is empty')
    return size
  } finally {
    await file.close()
  }
}

/** The bytes of a local file. @throws {ProviderError} IMPORT_REFUSED when it has changed since it was checked */
export async function importSource(path: string, wanted: Wanted): Promise<Source> {
  const file = await openRegular(path)
  const { size } = await file.stat()
  if (size !== wanted.size) {
    await file.close()
    throw refused(path, `it has ${size} bytes, and had ${wanted.size} when it was named`)
  }
  return { start: wanted.offset, validator: null, body: bytes(file, wanted.offset), close: () => {} }
}

async function* bytes(file: FileHandle, from: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = from; ; ) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(chunkBytes), 0, chunkBytes, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Neither follows a link in the last place nor waits for the other end of a pipe. */
async function openRegular(path: string): Promise<FileHandle> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    const why = { ELOOP: 'it is a symbolic link', ENOENT: 'no such file', EACCES: 'permission denied' }
    throw refused(path, why[code as keyof typeof why] ?? String(code))
  }
  if (!(await file.stat()).isFile()) {
    await file.close()
    throw refused(path, 'it is no regular file')
  }
  return file
}

function refused(path: string, reason: string): ProviderError {
  return new ProviderError({ code: 'IMPORT_REFUSED', path, reason })
}
