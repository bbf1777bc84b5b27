import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** A fresh 0700 folder with a short path (sockets fit), gone after the file's tests. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sl-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
