// From a clean clone to a built checkout. No dependencies: this runs before `npm ci`, on Node 20 or newer.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { freemem, homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Node that everything but this script runs on. Its binary comes as an ordinary npm package, so no step is needed to get it. */
const pinnedNode = '24.21.0'

/** Peak memory of one real C2 (measured: 2.9–3.2 GB) and everything beside it. Unit: bytes. */
const neededMemoryBytes = 5 * 2 ** 30
/** node_modules 0.6 GB, cargo target 0.7 GB, proof parameters 1.2 GB (2KiB) or 1.5 GB (8MiB), and room to work. Unit: bytes. */
const neededDiskBytes = 6 * 2 ** 30

/** Something the newcomer has to do; printed as one line. */
export class Refusal extends Error {}

export function say(line) {
  process.stderr.write(`${line}\n`)
}

export function cacheDirectory() {
  return process.env.SEALANE_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sealane')
}

export function nodeBinary() {
  const packed = join(
    root,
    'node_modules',
    `node-${platform()}`,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  )
  if (existsSync(packed)) return packed
  if (process.version.startsWith('v24.')) return process.execPath
  throw new Refusal(
    `no Node ${pinnedNode} for ${platform()}: install Node 24 (https://nodejs.org) and run this command again`,
  )
}

function platform() {
  return `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
}

/** The environment of everything we start: the pinned Node first on PATH, the workspace's tools after it. */
export function environment(extra = {}) {
  const first = [dirname(nodeBinary()), join(root, 'node_modules', '.bin')]
  return {
    ...process.env,
    SEALANE_CACHE: cacheDirectory(),
    PATH: [...first, process.env.PATH].join(delimiter),
    ...extra,
  }
}

/** Memory that can be used now, page cache included. Unit: bytes. */
function availableMemoryBytes() {
  try {
    const line = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))
    if (line) return Number(line[1]) * 1024
  } catch {
    // Not Linux: the kernel's own figure has to do.
  }
  return freemem()
}

function version(command, args) {
  const ran = spawnSync(command, args, { encoding: 'utf8' })
  return ran.status === 0 ? (/(\d+)\.(\d+)/.exec(ran.stdout) ?? undefined) : undefined
}

/** Refuses early, with one line, what would fail late. `prover`: 'real' needs the memory of a C2. */
export function checkMachine({ prover }) {
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new Refusal(`Node ${process.version} is too old: install Node 20 or newer`)
  }
  mkdirSync(cacheDirectory(), { recursive: true })
  const disk = statfsSync(cacheDirectory())
  const freeBytes = disk.bavail * disk.bsize
  if (freeBytes < neededDiskBytes) {
    throw new Refusal(
      `${gib(freeBytes)} GiB free at ${cacheDirectory()}, ${gib(neededDiskBytes)} GiB needed: free some, or set SEALANE_CACHE to a larger disk`,
    )
  }
  const memory = availableMemoryBytes()
  if (prover === 'real' && memory < neededMemoryBytes) {
    throw new Refusal(
      `${gib(memory)} GiB of memory available, ${gib(neededMemoryBytes)} GiB needed for a real proof: close something, or use --prover trapdoor`,
    )
  }
  const rust = version('rustc', ['--version'])
  if (!rust || Number(rust[1]) < 1 || (Number(rust[1]) === 1 && Number(rust[2]) < 89)) {
    const found = rust ? `rustc ${rust[0]} is too old` : 'no Rust toolchain found'
    throw new Refusal(
      `${found} (1.89 or newer needed): install it with rustup, or run "rustup update stable"`,
    )
  }
  if (!version('cc', ['--version']) && !version('gcc', ['--version'])) {
    throw new Refusal('no C compiler found: install one, e.g. "apt-get install -y build-essential"')
  }
}

function gib(bytes) {
  return (bytes / 2 ** 30).toFixed(1)
}

/** `npm ci`, only when the lockfile is not the one that is installed. */
export async function install() {
  const stamp = join(root, 'node_modules', '.sealane-lock')
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  say('installing npm packages (about a minute the first time) …')
  // No package of ours needs an install script; the registry's answer is the lockfile's or nothing.
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    env: { ...process.env, npm_config_nodedir: '' },
    what: 'npm ci',
  })
  writeFileSync(stamp, lock)
}

/** TypeScript and the native addons. Both are no-ops when nothing changed. */
export async function build({ addons = true } = {}) {
  const typescript = run('turbo', ['run', 'build', '--output-logs=errors-only', '--no-update-notifier'], {
    env: environment({ TURBO_TELEMETRY_DISABLED: '1' }),
    what: 'the TypeScript build',
    quiet: true,
  })
  const native = addons ? buildAddons() : Promise.resolve()
  const [built, compiled] = await Promise.allSettled([typescript, native])
  for (const result of [built, compiled]) if (result.status === 'rejected') throw result.reason
}

async function buildAddons() {
  for (const script of [
    'packages/proofs/scripts/build-addon.mjs',
    'packages/crypto/scripts/build-addon.mjs',
  ]) {
    if (!existsSync(join(root, script))) continue
    await run(nodeBinary(), [join(root, script)], {
      env: environment(),
      what: `building ${script.split('/')[1]}`,
    })
  }
}

/**
 * Runs a command with its output on stderr (stdout belongs to the product's own JSON lines).
 * `quiet`: its output is shown only when it fails.
 */
export function run(command, args, { env = process.env, what = command, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env,
      stdio: ['ignore', quiet ? 'pipe' : 2, quiet ? 'pipe' : 2],
    })
    const output = []
    child.stdout?.on('data', (chunk) => output.push(chunk))
    child.stderr?.on('data', (chunk) => output.push(chunk))
    child.on('error', (cause) => reject(new Refusal(`${what} could not start: ${cause.message}`)))
    child.on('close', (code, signal) => {
      if (code === 0) return resolve()
      if (quiet) process.stderr.write(Buffer.concat(output))
      reject(new Refusal(`${what} failed (${signal ?? `exit code ${code}`}); its output is above`))
    })
  })
}

/** Runs `main`, turning a Refusal into one plain line and exit code 1. */
export async function orRefuse(main) {
  try {
    process.exitCode = await main()
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    say(`sealane: ${cause.message}`)
    process.exitCode = 1
  }
}

/** Runs the product's own command in this terminal; Ctrl-C is its to handle. Resolves with its exit code. */
export function handOver(args, extra = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(nodeBinary(), args, { cwd: process.cwd(), env: environment(extra), stdio: 'inherit' })
    // The terminal sends SIGINT to both of us; the child stops cleanly and we wait for it.
    process.on('SIGINT', () => {})
    process.on('SIGTERM', () => child.kill('SIGTERM'))
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}
