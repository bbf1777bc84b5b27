// Where the native addon of these sources lies. Shared by the build script and the running package.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const nativeDirectory = fileURLToPath(new URL('../native/', import.meta.url))
export const workspaceDirectory = fileURLToPath(new URL('../../../', import.meta.url))

/** CPU features that the native code is compiled for when the building machine has them. */
const relevantCpuFeatures = ['adx', 'avx', 'avx2', 'avx512f', 'bmi2', 'sha_ni', 'sse4_1', 'sse4_2', 'ssse3']

/** `$SEALANE_CACHE`, else `~/.cache/sealane`: shared by all checkouts of one user. */
export function cacheDirectory() {
  return process.env.SEALANE_CACHE || join(homedir(), '.cache', 'sealane')
}

/**
 * SHA-256 over what the addon is compiled from: every file of the crate, the locked versions of what it
 * depends on, and the workspace's settings. Other crates of the workspace may come and go.
 */
function sourcesDigest() {
  const hash = createHash('sha256')
  const manifest = readFileSync(join(workspaceDirectory, 'Cargo.toml'), 'utf8')
  hash.update(manifest.replace(/^members = \[[^\]]*\]/m, ''))
  hash.update(lockedVersions(readFileSync(join(workspaceDirectory, 'Cargo.lock'), 'utf8')).join('\n'))
  const files = readdirSync(nativeDirectory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  for (const file of files.sort()) {
    hash
      .update(`${relative(nativeDirectory, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

/** `name version checksum` of the crate and all that it depends on, from the text of Cargo.lock. */
function lockedVersions(lock) {
  const byName = new Map()
  for (const block of lock.split('\n[[package]]').slice(1)) {
    const field = (name) => new RegExp(`^${name} = "(.*)"$`, 'm').exec(block)?.[1] ?? ''
    const list = /^dependencies = \[([^\]]*)\]/m.exec(block)?.[1] ?? ''
    const dependencies = [...list.matchAll(/"([^"]*)"/g)].map((match) => match[1].split(' '))
    const locked = { version: field('version'), checksum: field('checksum'), dependencies }
    byName.set(field('name'), [...(byName.get(field('name')) ?? []), locked])
  }
  const reached = new Set()
  const visit = (name, version) => {
    for (const locked of byName.get(name) ?? []) {
      const line = `${name} ${locked.version} ${locked.checksum}`
      if ((version && version !== locked.version) || reached.has(line)) continue
      reached.add(line)
      for (const [next, nextVersion] of locked.dependencies) visit(next, nextVersion)
    }
  }
  visit('sealane-proofs')
  return [...reached].sort()
}

/** This machine's relevant CPU features, one space between, or the architecture where they are unknown. */
export function cpuFeatures() {
  try {
    const flags = /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? []
    return [process.arch, ...relevantCpuFeatures.filter((name) => flags.includes(name))].join(' ')
  } catch {
    return process.arch
  }
}

/** The note that says which file was built from these sources: `{file, rustc, cpu}`. */
export function buildNotePath() {
  return join(cacheDirectory(), 'addons', 'proofs', `${sourcesDigest()}.json`)
}

/** The built addon of these sources for this CPU, or undefined. */
export function builtAddon() {
  const notePath = buildNotePath()
  if (!existsSync(notePath)) return undefined
  const note = JSON.parse(readFileSync(notePath, 'utf8'))
  const file = join(dirname(notePath), note.file)
  return note.cpu === cpuFeatures() && existsSync(file) ? { file, rustc: note.rustc } : undefined
}
