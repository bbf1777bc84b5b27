// Generates everything anew into a temporary directory and compares it with what is committed.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { root } from './bootstrap.mjs'
import { generate } from './generate.mjs'

const fresh = mkdtempSync(join(tmpdir(), 'sealane-generated-'))
try {
  await generate(fresh)
  const stale = files(fresh).filter((path) => read(join(root, path)) !== read(join(fresh, path)))
  for (const path of stale) process.stdout.write(`${path} is not what its source generates\n`)
  process.exitCode = stale.length === 0 ? 0 : 1
} finally {
  rmSync(fresh, { recursive: true })
}

function files(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
}

function read(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : undefined
}
