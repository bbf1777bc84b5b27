#!/usr/bin/env node
// Builds the crypto addon into the cache, or finds it there. Needs Node 24, nothing else.
//
//   node packages/crypto/scripts/build-addon.mjs
//
// The addon is an accelerator: without a Rust toolchain this says so in one line and exits 0, and plain
// JavaScript serves. A build that fails exits 1 with one line.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  buildNotePath,
  builtAddon,
  cacheDirectory,
  cpuFeatures,
  workspaceDirectory,
} from '../src/native/built-addon.ts'

const say = (text) => console.log(`crypto addon: ${text}`)
const libraryNames = { darwin: 'libsealane_crypto.dylib', win32: 'sealane_crypto.dll' }

function versionOf(command) {
  try {
    return execFileSync(command, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return undefined
  }
}

/** Runs cargo; the library's path, or undefined after one line that says why not. */
function compile() {
  const target = process.env.CARGO_TARGET_DIR || join(cacheDirectory(), 'cargo-target')
  const cargo = spawnSync('cargo', ['build', '--release', '--locked', '-p', 'sealane-crypto'], {
    cwd: workspaceDirectory,
    env: { ...process.env, CARGO_TARGET_DIR: target, CARGO_TERM_COLOR: 'never' },
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  })
  if (cargo.status === 0)
    return join(target, 'release', libraryNames[process.platform] ?? 'libsealane_crypto.so')
  if (process.env.SEALANE_VERBOSE) console.error(cargo.stderr)
  const reason =
    cargo.stderr?.split('\n').find((line) => line.startsWith('error')) ??
    `cargo: ${cargo.error ?? cargo.status}`
  console.error(`crypto addon: ${reason} (SEALANE_VERBOSE=1 shows all)`)
  return undefined
}

/** Copies the library into the cache under its content's name and notes it for these sources. */
function keep(library, rustc) {
  const notePath = buildNotePath()
  const directory = dirname(notePath)
  mkdirSync(directory, { recursive: true })
  const file = `${createHash('sha256').update(readFileSync(library)).digest('hex').slice(0, 32)}.node`
  // A running process may have the old file mapped: a rename leaves it its own.
  const partial = join(directory, `${file}.partial-${process.pid}`)
  copyFileSync(library, partial)
  renameSync(partial, join(directory, file))
  writeFileSync(`${notePath}.partial-${process.pid}`, JSON.stringify({ file, rustc, cpu: cpuFeatures() }))
  renameSync(`${notePath}.partial-${process.pid}`, notePath)
  return join(directory, file)
}

const found = builtAddon()
const rustc = versionOf('rustc')
const lacking =
  rustc === undefined || versionOf('cargo') === undefined
    ? 'Rust'
    : versionOf('cc') === undefined
      ? 'a C compiler'
      : undefined
if (found !== undefined && (lacking !== undefined || found.rustc === rustc)) {
  say(`ready: ${found.file}`)
} else if (lacking !== undefined) {
  say(`not built, ${lacking} is missing; plain JavaScript serves`)
} else {
  say(`building with ${rustc}; under half a minute on 2 cores`)
  const library = compile()
  if (library === undefined) process.exitCode = 1
  else say(`built: ${keep(library, rustc)}`)
}
