import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { homedir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { formatSize } from '@sealane/fil-units'
import { type Check, fail, ok, warn } from './check.js'

type Env = Readonly<Record<string, string | undefined>>

/** libp2p needs Promise.withResolvers, better-sqlite3 and commander need more. Source: package.json engines of those. */
const nodeMajor = 24
/** A C2 or a parameter generation takes 2.9 GB beside everything else. Unit: bytes. Source: design §7. */
const memoryBytes = 5 * 2 ** 30
/** Parameters, builds and a few sectors. Unit: bytes. */
const diskBytes = 5 * 2 ** 30

export function checkNode(version: string): Check {
  const major = Number(/^v(\d+)/.exec(version)?.[1])
  if (major === nodeMajor) return ok('node', version)
  return fail('node', `${version}, not ${nodeMajor}`, 'run it by "npx sealane": it brings its own Node')
}

export function checkMemory(): Check {
  const available = availableBytes()
  const text = `${formatSize(BigInt(available))} available of ${formatSize(BigInt(totalmem()))}`
  if (available >= memoryBytes) return ok('memory', text)
  return warn(
    'memory',
    text,
    'proofs need 5 GiB: stop something, or prove on another machine (sealer worker)',
  )
}

/** What a new process could get without swapping. */
function availableBytes(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
    return Number(kib) * 1024
  } catch {
    return totalmem()
  }
}

export function checkDisk(dir: string): Check {
  let at = dir
  while (!existsSync(at) && at !== dirname(at)) at = dirname(at)
  const { bavail, bsize } = statfsSync(at)
  const free = bavail * bsize
  const text = `${formatSize(BigInt(free))} free at ${at}`
  if (free >= diskBytes) return ok('disk', text)
  return fail(
    'disk',
    text,
    'make room (5 GiB at least), or put the state elsewhere (SEALANE_HOME, paths.state_dir)',
  )
}

export async function checkCryptoAddon(): Promise<Check> {
  const { useNativeCrypto } = await import('@sealane/crypto/native')
  const found = useNativeCrypto()
  if (found.native) return ok('crypto addon', found.file)
  return warn(
    'crypto addon',
    `${found.reason}: plain JavaScript serves, slower`,
    'npm start builds it where Rust is installed',
  )
}

/** The proofs addon lies in the cache; whether it fits sources and CPU is for the apps that load it to say. */
export function checkProofsAddon(env: Env): Check {
  const dir = join(cacheDir(env), 'addons/proofs')
  const found = env.SEALANE_PROOFS_ADDON ?? filesIn(dir, '.node').at(-1)
  if (found !== undefined && existsSync(found)) return ok('proofs addon', found)
  return warn(
    'proofs addon',
    `none in ${dir}`,
    'needed on machines that seal, prove or verify; npm start builds it where Rust is installed',
  )
}

/** The devnet's parameters are made when first needed; this says what is there. */
export function checkParameters(env: Env): Check {
  const dir = join(cacheDir(env), 'params')
  const sets = existsSync(dir) ? readdirSync(dir).map((name) => join(dir, name)) : []
  const made = sets.flatMap((set) => filesIn(set, '.params'))
  if (made.length > 0) return ok('proof parameters', `${made.length} made in ${dir}`)
  return warn(
    'proof parameters',
    `none made yet in ${dir}`,
    'nothing: a worker makes them once, when first needed (minutes)',
  )
}

function filesIn(dir: string, ending: string): string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .filter((file) => file.endsWith(ending))
    .map((file) => join(dir, file))
}

/** Where the proof and addon caches are. */
export function cacheDir(env: Env): string {
  return env.SEALANE_CACHE ?? join(homedir(), '.cache/sealane')
}
