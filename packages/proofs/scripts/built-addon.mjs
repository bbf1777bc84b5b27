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

/** SHA-256 over Cargo.lock, the workspace manifest and every file of the crate. */
export function sourcesDigest() {
  const files = [join(workspaceDirectory, 'Cargo.lock'), join(workspaceDirectory, 'Cargo.toml')]
  for (const entry of readdirSync(nativeDirectory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath ?? entry.path, entry.name))
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
