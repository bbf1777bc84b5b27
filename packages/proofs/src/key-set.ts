import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from '../scripts/built-addon.mjs'

/** The proof keys of a network: what verifiers load, and what provers' parameters must belong to. */
export interface KeySet {
  name: string
  /** Holds the `.vk` and `.srs` files, and the `.params` files once made. */
  directory: string
  /** SHA-256, hex, over the names and contents of the verifying keys and the SRS. A genesis commits to it. */
  digest: string
  /** True if the keys' secrets are public: a trapdoor prover exists and parameters can be made from a seed. */
  trapdoor: boolean
}

const committedKeys = new URL('../keys/devnet/', import.meta.url)

/**
 * The devnet's key set, in `<cacheDir>/params/<digest>`. Copies the committed keys there first, because the
 * library wants keys and parameters side by side and parameters are too large for a checkout.
 *
 * @param cacheDir defaults to `$SEALANE_CACHE` or `~/.cache/sealane`
 */
export function devnetKeySet(cacheDir: string = cacheDirectory()): KeySet {
  const files = readdirSync(committedKeys)
    .filter((name) => name.endsWith('.vk') || name.endsWith('.srs'))
    .sort()
    .map((name) => ({ name, bytes: readFileSync(new URL(name, committedKeys)) }))
  const digest = digestOf(files)
  const directory = join(cacheDir, 'params', digest)
  mkdirSync(directory, { recursive: true })
  for (const { name, bytes } of files) place(join(directory, name), bytes)
  return { name: 'devnet', directory, digest, trapdoor: true }
}

/** SHA-256, hex, over names and contents, in the given order. */
export function digestOf(files: { name: string; bytes: Buffer }[]): string {
  const lines = files.map(({ name, bytes }) => `${sha256(bytes)}  ${name}\n`)
  return sha256(lines.join(''))
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Writes a file unless it is there with the same bytes. Readers see the old file or the new one. */
function place(path: string, bytes: Buffer): void {
  try {
    if (readFileSync(path).equals(bytes)) return
  } catch {
    // Not there yet: written below.
  }
  const partial = `${path}.partial-${process.pid}`
  writeFileSync(partial, bytes)
  renameSync(partial, path)
}
