import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { addonPath } from './addon.js'

const script = fileURLToPath(new URL('../scripts/build-addon.mjs', import.meta.url))

describe('building the addon', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sealane-build-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  /** Runs the script with only these commands on the PATH, and an empty cache. */
  function withCommands(name: string, commands: Record<string, string>) {
    const path = join(directory, name)
    mkdirSync(path)
    for (const [command, output] of Object.entries(commands)) {
      writeFileSync(join(path, command), `#!/bin/sh\n${output}\n`)
      chmodSync(join(path, command), 0o755)
    }
    const env = { ...process.env, PATH: path, SEALANE_CACHE: join(directory, 'cache') }
    const { status, stderr } = spawnSync(process.execPath, [script], { env, encoding: 'utf8' })
    return { status, stderr }
  }

  it('finds what is built without asking cargo to build', () => {
    const { status, stdout } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: `proofs addon: ready: ${addonPath()}\n` })
  })

  const cargo = 'echo cargo 1.95.0'
  it.each([
    ['cargo is missing', {}, /^proofs addon: cargo is missing; install Rust: curl .*\n$/],
    [
      'Rust is too old',
      { cargo, rustc: 'echo "rustc 1.85.0 (4d91de4e4 2025-02-17)"' },
      /^proofs addon: rustc 1\.85\.0 .* is older than 1\.89; update it: rustup update stable\n$/,
    ],
    [
      'there is no C compiler',
      { cargo, rustc: 'echo rustc 1.89.0' },
      /^proofs addon: no C compiler \(cc\); install one: apt-get install -y gcc\n$/,
    ],
    [
      'cargo fails',
      {
        cargo: '[ "$1" = --version ] || { echo "error: no space" >&2; exit 101; }',
        rustc: 'echo rustc 1.90.0',
        cc: '',
      },
      /^proofs addon: error: no space \(SEALANE_VERBOSE=1 shows cargo's last lines\)\n$/,
    ],
  ])('says in one line that %s', (name, commands, line) => {
    expect(withCommands(name, commands as Record<string, string>)).toEqual({
      status: 1,
      stderr: expect.stringMatching(line),
    })
  })
})
