import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'
import { recordedNetwork, scriptedNode } from '../testing/scripted-node.js'
import { everyCommand } from './command-tree.js'
import { groups } from './groups.js'

describe('the command line', () => {
  it('has every command that operators were promised', async () => {
    expect((await everyCommand()).map(({ words }) => words)).toEqual([
      'up',
      'storage-deals list',
      'storage-deals get-ask',
      'storage-deals set-ask',
      'storage-deals selection list',
      'storage-deals selection reset',
      'storage-deals selection reject',
      'storage-deals set-blocklist',
      'storage-deals get-blocklist',
      'storage-deals reset-blocklist',
      'storage-deals set-seal-duration',
      'storage-deals import-data',
      'storage-deals pending-publish',
      'storage-deals cancel',
      'transfers list',
      'transfers restart',
      'transfers pause',
      'transfers resume',
      'transfers cancel',
      'deals why',
      'deals find',
      'net id',
      'net listen',
      'net connect',
      'net peers',
      'net ping',
      'net reachability',
      'net protect',
      'net unprotect',
      'net list-protected',
      'net block list',
      'net block add peer',
      'net block add ip',
      'net block add subnet',
      'net block remove peer',
      'net block remove ip',
      'net block remove subnet',
      'provider info',
      'provider set-miner',
      'info',
      'sectors list',
      'sectors status',
      'sectors log',
      'sectors pledge',
      'sectors seal',
      'sectors release',
      'sectors unseal',
      'sectors refs',
      'sectors expired',
      'sectors check-expire',
      'sectors numbers info',
      'sectors batching precommit',
      'sectors batching commit',
      'sealing jobs',
      'sealing workers',
      'sealing set-limits',
      'sealing limits-log',
      'sealing sched-diag',
      'pieces list',
      'pieces release',
      'storage list',
      'storage find',
      'storage trash',
      'storage purge',
      'proving info',
      'proving deadlines',
      'proving partitions',
      'proving faults',
      'proving deadline',
      'proving check',
      'proving workers',
      'messages list',
      'messages show',
      'mpool pending',
      'mpool stat',
      'mpool find',
      'mpool config',
      'mpool gas-perf',
      'mpool replace',
      'mpool sub',
      'market balance',
      'market add',
      'market withdraw',
      'actor info',
      'actor set-addrs',
      'actor set-peer-id',
      'actor control list',
      'miner init',
      'wallet new',
      'wallet list',
      'wallet balance',
      'wallet fund',
      'wallet send',
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
      'state list-miners',
      'state lookup',
      'state market balance',
      'state network-version',
      'state search-msg',
      'state wait-msg',
      'state sectors',
      'sync status',
      'sync wait',
      'client info',
      'client import',
      'client deal',
      'client list-deals',
      'client deal-status',
      'client query-ask',
      'client libp2p-info',
      'client retrieval-transports',
      'client market-add',
      'client send',
      'devnet info',
      'devnet advance',
      'devnet fund',
      'devnet null-rounds',
      'devnet reorg',
      'certs init',
      'certs issue',
      'certs renew',
      'certs list',
      'auth create-token',
      'auth api-info',
      'backup',
      'doctor',
      'completion',
      'version',
    ])
  })

  it('each has --json, one sentence, and an example of itself that it would read', async () => {
    for (const { words, command } of await everyCommand()) {
      // The supervisor answers in a stream of lines and has its own tests.
      if (words === 'up') continue
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
    for (const { name } of groups) expect(help.out).toMatch(new RegExp(`\\n  ${name}[ |]`))
    expect((await runCommand('help sectors')).out).toContain('Usage: sealane sectors')
  })

  it('prints addresses as the network does, and does not wait for a chain node that is silent', async () => {
    const env = await scriptedApps({
      provider: {
        'miner.set': async () => {
          throw new Error('deals of f01004 are held')
        },
        'net.id': async () => ({ peerId: 'f01004', protocols: [] }),
      },
    })
    const node = await scriptedNode(recordedNetwork)
    const told = await runCommand('net id', { ...env, ...node })
    expect(told.out).toBe('t01004\n')
    expect(JSON.parse((await runCommand('net id --json', { ...env, ...node })).out)).toMatchObject({
      peerId: 't01004',
    })
    const refused = await runCommand('provider set-miner f01000', { ...env, ...node })
    expect(refused.err).toContain('deals of t01004 are held')
    // Takes connections and never answers.
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void silent.close())
    const { port } = silent.address() as AddressInfo
    const begun = performance.now()
    const late = await runCommand('net id', { ...env, FULLNODE_API_INFO: `http://127.0.0.1:${port}` })
    expect(late.out).toBe('f01004\n')
    expect(performance.now() - begun).toBeLessThan(5_000)
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
