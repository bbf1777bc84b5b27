import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs'
import { homedir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { formatSize } from '@sealane/fil-units'
import { type Check, fail, ok, reason, warn } from './check.js'

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

export async function checkProofsAddon(): Promise<Check> {
  try {
    const { addonPath } = await import('@sealane/proofs')
    return ok('proofs addon', addonPath())
  } catch (error) {
    return warn(
      'proofs addon',
      reason(error),
      'needed on machines that seal, prove or verify; npm start builds it',
    )
  }
}

/** The devnet's parameters are made when first needed; this says what is there. */
export async function checkParameters(): Promise<Check> {
  try {
    const { devnetKeySet } = await import('@sealane/proofs')
    const { directory } = devnetKeySet()
    const made = readdirSync(directory).filter((file) => file.endsWith('.params'))
    if (made.length === 0) {
      return warn(
        'proof parameters',
        `none made yet in ${directory}`,
        'nothing: they are made once, when first needed (minutes)',
      )
    }
    return ok('proof parameters', `${made.length} made in ${directory}`)
  } catch (error) {
    return warn('proof parameters', reason(error), 'needed on machines that prove')
  }
}

/** Where the proof and addon caches are. */
export function cacheDir(env: Readonly<Record<string, string | undefined>>): string {
  return env.SEALANE_CACHE ?? join(homedir(), '.cache/sealane')
}
