import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { runCommand } from '../testing/run-command.js'
import { groups } from './groups.js'
import { programFor } from './run-cli.js'
import { Session } from './session.js'

const terminal = {
  env: {},
  out: () => undefined,
  err: () => undefined,
  now: () => 0,
  colour: false,
  signal: new AbortController().signal,
  input: async () => '',
}

/** Every command of every group, by its words. */
async function everyCommand(): Promise<[string, Command][]> {
  const found: [string, Command][] = []
  for (const { name } of groups) {
    // The supervisor answers in a stream of lines and has its own tests.
    if (name === 'up') continue
    const program = await programFor([name], new Session(terminal))
    const top = program.commands.find((command) => command.name() === name)
    if (top === undefined) throw new TypeError(`no group ${name}`)
    if (top.commands.length === 0) found.push([name, top])
    for (const command of top.commands) found.push([`${name} ${command.name()}`, command])
  }
  return found
}

describe('the command line', () => {
  it('has every command that operators were promised', async () => {
    expect((await everyCommand()).map(([words]) => words)).toEqual([
      'storage-deals list',
      'storage-deals get-ask',
      'storage-deals set-ask',
      'storage-deals import-data',
      'storage-deals cancel',
      'deals why',
      'deals find',
      'net id',
      'net listen',
      'net connect',
      'net peers',
      'provider info',
      'provider set-miner',
      'sectors list',
      'sectors status',
      'sectors log',
      'sectors pledge',
      'sectors seal',
      'sectors release',
      'sectors unseal',
      'sealing jobs',
      'sealing workers',
      'sealing set-limits',
      'sealing limits-log',
      'proving info',
      'proving deadlines',
      'proving partitions',
      'proving faults',
      'messages list',
      'messages show',
      'mpool pending',
      'market balance',
      'market add',
      'market withdraw',
      'actor info',
      'actor set-addrs',
      'actor set-peer-id',
      'miner init',
      'wallet new',
      'wallet list',
      'wallet balance',
      'wallet import',
      'wallet export',
      'chain head',
      'chain list',
      'chain getmessage',
      'state miner-info',
      'state get-actor',
      'state sector',
      'state deal',
      'state power',
      'client info',
      'client import',
      'client deal',
      'client list-deals',
      'client deal-status',
      'client query-ask',
      'client market-add',
      'devnet info',
      'devnet advance',
      'devnet fund',
      'certs init',
      'certs issue',
      'certs show',
      'backup',
      'doctor',
    ])
  })

  it('each has --json, one sentence, and an example of itself that it would read', async () => {
    for (const [words, command] of await everyCommand()) {
      const { out, code } = await runCommand(`${words} --help`)
      expect(code, words).toBe(0)
      expect(out, words).toContain('--json')
      expect(command.description(), words).toMatch(/^[A-Z].*[.:)]$/s)
      const examples = [...out.matchAll(/^ {2}\$ sealane (.*)$/gm)].map(([, line]) => line ?? '')
      expect(examples.length, words).toBeGreaterThan(0)
      for (const example of examples) {
        expect(example.startsWith(words), `${words}: ${example}`).toBe(true)
        const flags = [...example.matchAll(/ (--[\w-]+|-[a-z])\b/g)].map(([, flag]) => flag)
        const known = command.options.flatMap(({ long, short }) => [long, short])
        expect(known, `${words}: ${example}`).toEqual(expect.arrayContaining(flags))
      }
    }
  })

  it('says what it did not understand, and exits with 64', async () => {
    const near = await runCommand('sectors lisst')
    expect(near.code).toBe(64)
    expect(near.err).toContain('Did you mean list?')
    const missing = await runCommand('sectors status --json')
    expect(missing.code).toBe(64)
    expect(JSON.parse(missing.out)).toEqual({
      error: { code: 'USAGE', remedy: 'hold', text: "missing required argument 'sectorNum'", next: '--help' },
    })
    expect((await runCommand('nonsense')).code).toBe(64)
    expect((await runCommand('sectors')).code).toBe(64)
  })

  it('prints its version and help without failing', async () => {
    expect(await runCommand('--version')).toMatchObject({ code: 0, out: '0.1.0\n' })
    const help = await runCommand('--help')
    for (const { name } of groups) expect(help.out).toContain(`\n  ${name} `)
    expect((await runCommand('help sectors')).out).toContain('Usage: sealane sectors')
  })

  it('refuses a remote API it cannot read', async () => {
    const { err, code } = await runCommand('net id', { SEALANE_PROVIDER_API_INFO: 'provider.example:1' })
    expect(code).toBe(64)
    expect(err).toContain('SEALANE_PROVIDER_API_INFO is not TOKEN:URL')
  })

  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
  it.runIf(existsSync(main))('loads nothing but commander for --help: it must answer at once', () => {
    const spy = `import { registerHooks } from 'node:module'
      registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context) } })`
    const { stderr, status } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(spy)}`, main, '--help'],
      { encoding: 'utf8' },
    )
    expect(status).toBe(0)
    const packages = [...stderr.matchAll(/node_modules\/((?:@[^/]+\/)?[^/\n]+)/g)].map(([, name]) => name)
    expect(new Set(packages)).toEqual(new Set(['commander']))
  })
})
