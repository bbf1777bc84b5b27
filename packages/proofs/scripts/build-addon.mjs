#!/usr/bin/env node
// Builds the native addon into the cache, or finds it there. Dependency-free, Node 20 or newer.
//
//   node packages/proofs/scripts/build-addon.mjs
//
// The key is: Cargo.lock, the sources, the compiler's version and the CPU's features. Prints progress lines
// on stdout; on failure one line on stderr and exit code 1.
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { buildNotePath, builtAddon, cacheDirectory, cpuFeatures, workspaceDirectory } from './built-addon.mjs'

const oldestRust = [1, 89]
const rustInstall = 'curl --proto =https --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y'
const say = (text) => console.log(`proofs addon: ${text}`)

class Unbuildable extends Error {}

function versionOf(command, args, missing) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    throw new Unbuildable(missing)
  }
}

/** The compiler's version line; refuses a toolchain that cannot build the addon. */
function toolchain() {
  versionOf('cargo', ['--version'], `cargo is missing; install Rust: ${rustInstall}`)
  const rustc = versionOf('rustc', ['--version'], `rustc is missing; install Rust: ${rustInstall}`)
  const [, major = '0', minor = '0'] = /^rustc (\d+)\.(\d+)/.exec(rustc) ?? []
  const found = [Number(major), Number(minor)]
  if (found[0] < oldestRust[0] || (found[0] === oldestRust[0] && found[1] < oldestRust[1])) {
    throw new Unbuildable(`${rustc} is older than ${oldestRust.join('.')}; update it: rustup update stable`)
  }
  versionOf('cc', ['--version'], 'no C compiler (cc); install one: apt-get install -y gcc')
  return rustc
}

/** Runs cargo, turning its "Compiling x" lines into progress. Keeps the tail for the error. */
async function compile() {
  const lock = readFileSync(join(workspaceDirectory, 'Cargo.lock'), 'utf8')
  const crates = lock.split('\n[[package]]').length - 1
  const jobs = String(Math.max(1, availableParallelism()))
  const target = process.env.CARGO_TARGET_DIR || join(cacheDirectory(), 'cargo-target')
  const child = spawn('cargo', ['build', '--release', '--locked', '-p', 'sealane-proofs', '-j', jobs], {
    cwd: workspaceDirectory,
    env: { ...process.env, CARGO_TARGET_DIR: target, CARGO_TERM_COLOR: 'never' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const tail = []
  let compiled = 0
  createInterface({ input: child.stderr }).on('line', (line) => {
    tail.push(line)
    if (tail.length > 40) tail.shift()
    const crate = /^\s*Compiling (\S+)/.exec(line)?.[1]
    if (crate) say(`compiling ${crate} (${++compiled} of at most ${crates})`)
    else if (/^\s*(Downloading|Blocking)/.test(line)) say(line.trim())
  })
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code !== 0) {
    const reason = tail.find((line) => line.startsWith('error')) ?? `cargo ended with code ${code}`
    if (process.env.SEALANE_VERBOSE) console.error(tail.join('\n'))
    throw new Unbuildable(`${reason} (SEALANE_VERBOSE=1 shows cargo's last lines)`)
  }
  return join(target, 'release', 'libsealane_proofs.so')
}

/** Copies the library into the cache under its content's name and notes it for these sources. */
function keep(library, rustc) {
  const notePath = buildNotePath()
  const directory = dirname(notePath)
  mkdirSync(directory, { recursive: true })
  const digest = createHash('sha256').update(readFileSync(library)).digest('hex').slice(0, 32)
  const file = `${digest}.node`
  const partial = join(directory, `${file}.partial-${process.pid}`)
  copyFileSync(library, partial)
  // A running process may have the old file mapped: a rename leaves it its own.
  renameSync(partial, join(directory, file))
  writeFileSync(`${notePath}.partial-${process.pid}`, JSON.stringify({ file, rustc, cpu: cpuFeatures() }))
  renameSync(`${notePath}.partial-${process.pid}`, notePath)
  return join(directory, file)
}

try {
  const started = Date.now()
  const found = builtAddon()
  // Without a compiler a built addon is still good; with another one it is built again.
  let rustc = found?.rustc
  try {
    rustc = toolchain()
  } catch (error) {
    if (!found) throw error
  }
  if (found && found.rustc === rustc) {
    say(`ready: ${found.file}`)
  } else {
    say(`building with ${rustc}; about 3 minutes on 2 cores when nothing is cached`)
    const library = await compile()
    say(`built in ${Math.round((Date.now() - started) / 1000)} s: ${keep(library, rustc)}`)
  }
} catch (error) {
  console.error(`proofs addon: ${error instanceof Unbuildable ? error.message : (error?.stack ?? error)}`)
  process.exit(1)
}
