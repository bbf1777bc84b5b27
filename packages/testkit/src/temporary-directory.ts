import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

const mine = new Set<string>()

/**
 * A fresh 0700 folder with a short path (sockets fit), gone after the file's tests, failed ones too. Call it at the top
 * of a file or describe; what single tests need lies in it.
 */
export function temporaryDirectory(): string {
  if (mine.size === 0) process.once('exit', () => mine.forEach(remove))
  const directory = mkdtempSync(join(tmpdir(), 'sl-'))
  mine.add(directory)
  afterAll(() => remove(directory))
  return directory
}

function remove(directory: string): void {
  // A process that was just killed may still be writing its last file.
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  mine.delete(directory)
}
