// Where the addon of these sources lies. Shared by the loader and the build script, which runs this file as it is
// (Node strips the types): imports nothing but Node's own modules.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const nativeDirectory = fileURLToPath(new URL('../../native/', import.meta.url))
export const workspaceDirectory = fileURLToPath(new URL('../../../../', import.meta.url))

/** blst compiles its ADX road in when the building machine has it; the SHA road is chosen at run time. */
const relevantCpuFeatures = ['adx', 'bmi2']

/** `$SEALANE_CACHE`, else `~/.cache/sealane`: shared by all checkouts of one user. */
export function cacheDirectory(): string {
  return process.env.SEALANE_CACHE || join(homedir(), '.cache', 'sealane')
}

/** SHA-256 over Cargo.lock, the workspace manifest and every file of the crate. */
function sourcesDigest(): string {
  const files = [join(workspaceDirectory, 'Cargo.lock'), join(workspaceDirectory, 'Cargo.toml')]
  for (const entry of readdirSync(nativeDirectory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name))
  }
  const hash = createHash('sha256')
  for (const file of files.sort()) {
    hash
      .update(`${relative(workspaceDirectory, file)}\0`)
      .update(readFileSync(file))
      .update('\0')
  }
  return hash.digest('hex')
}

/** This machine's architecture and the CPU features that the build depends on. */
export function cpuFeatures(): string {
  try {
    const flags = /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? []
    return [process.arch, ...relevantCpuFeatures.filter((name) => flags.includes(name))].join(' ')
  } catch {
    return process.arch
  }
}

/** What the build notes down for its sources: the file beside the note, its compiler, its CPU. */
interface BuildNote {
  file: string
  rustc: string
  cpu: string
}

/** Where the note of these sources' build lies. */
export function buildNotePath(): string {
  return join(cacheDirectory(), 'addons', 'crypto', `${sourcesDigest()}.json`)
}

/** The built addon of these sources for this CPU, or undefined. */
export function builtAddon(): { file: string; rustc: string } | undefined {
  try {
    const notePath = buildNotePath()
    const note = JSON.parse(readFileSync(notePath, 'utf8')) as BuildNote
    const file = join(dirname(notePath), note.file)
    return note.cpu === cpuFeatures() && existsSync(file) ? { file, rustc: note.rustc } : undefined
  } catch {
    // No note, a torn one, or no sources beside this package: there is no addon, and JavaScript serves.
    return undefined
  }
}
