import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import { notesDeal, provenSector, pushedMessage } from '../testing/rows.js'
import { recordedNowMs, runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'
import { liveIds } from './live-ids.js'

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

async function apps() {
  return await scriptedApps({
    provider: {
      'deals.list': async () => [notesDeal({ dealId: 7 }), notesDeal({ dealUuid: 'another' })],
      'net.peers': async () => [{ peerId: '12D3KooWX', addrs: ['/ip4/203.0.113.7/tcp/24001'] }],
    },
    sealer: {
      'sectors.list': async () => [provenSector({ sectorNumber: 3 }), provenSector({ sectorNumber: 14 })],
      'sealing.workers': async () => [
        {
          workerId: 'worker-1',
          hostname: 'vm',
          tasks: [],
          concurrency: {},
          paths: [],
          prover: 'real',
          version: '0.1.0',
          lastSeenMs: recordedNowMs,
          alive: true,
          progress: null,
        },
      ],
    },
    miner: {
      'messages.list': async () => [pushedMessage(), pushedMessage({ cid: null })],
      status: async () => ({ miner: 't01000', network: 'x', headEpoch: 1, waiting: null }),
      'wallet.list': async () => [
        { name: 'owner', address: 't1abc', id: null, type: 'secp256k1', balance: '0', nonce: 0 },
      ],
    },
  })
}

describe('live ids', () => {
  it('are those that the running apps know', async () => {
    const env = await apps()
    expect(await liveIds('deals', env)).toEqual([notesDeal().dealUuid, 'another'])
    expect(await liveIds('dealIds', env)).toEqual(['7'])
    expect(await liveIds('sectors', env)).toEqual(['3', '14'])
    expect(await liveIds('messages', env)).toEqual([pushedMessage().cid])
    expect(await liveIds('addresses', env)).toEqual(['t1abc', 't01000'])
    expect(await liveIds('keys', env)).toEqual(['owner'])
    expect(await liveIds('miners', env)).toEqual(['t01000'])
    expect(await liveIds('peers', env)).toEqual(['/ip4/203.0.113.7/tcp/24001/p2p/12D3KooWX'])
    expect(await liveIds('workers', env)).toEqual(['worker-1'])
    expect(await liveIds('nonsense', env)).toEqual([])
  })

  it('are none, silently and soon, of an app that is down or does not answer', async () => {
    expect(await liveIds('deals', { SEALANE_RUNTIME_DIR: '/nonexistent' })).toEqual([])
    const dir = temporaryDirectory()
    const deaf = createServer(() => undefined)
    deaf.listen(join(dir, 'sealer.sock'))
    await once(deaf, 'listening')
    onTestFinished(() => void deaf.close())
    const started = performance.now()
    expect(await liveIds('sectors', { SEALANE_RUNTIME_DIR: dir })).toEqual([])
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('completion scripts', () => {
  /** What bash offers for a line, whose last word is the one under the cursor. */
  async function offered(script: string, line: readonly string[], env: Record<string, string>) {
    const probe = `sealane() { "${process.execPath}" "${main}" "$@"; }
source "${script}"
COMP_WORDS=(sealane "$@")
COMP_CWORD=$#
_sealane
printf '%s\\n' "\${COMPREPLY[@]}"`
    const child = spawn('bash', ['-c', probe, 'bash', ...line], {
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    await once(child, 'close')
    return out.split('\n').filter((word) => word !== '')
  }

  it.runIf(existsSync(main))('bash completes commands, flags, words, ids and files', async () => {
    const env = await apps()
    const script = join(temporaryDirectory(), 'sealane.bash')
    writeFileSync(script, (await runCommand('completion bash')).out)
    const at = async (...line: string[]) => await offered(script, line, env)
    expect(await at('sec')).toEqual(['sectors'])
    expect(await at('sectors', 'st')).toEqual(['status'])
    expect(await at('sectors', 'numbers', '')).toEqual(['info'])
    expect(await at('sectors', 'status', '--on')).toEqual(['--on-chain-info'])
    expect(await at('sectors', 'status', '--log', '')).toEqual(['3', '14'])
    expect(await at('deals', 'why', '6f1c')).toEqual([notesDeal().dealUuid])
    expect(await at('messages', 'show', 'bafy2')).toEqual([pushedMessage().cid])
    expect(await at('mpool', 'pending', '--from', 't1')).toEqual(['t1abc'])
    expect(await at('sealing', 'jobs', '--worker', '')).toEqual(['worker-1'])
    expect(await at('wallet', 'new', '--name', 'x', 'b')).toEqual(['bls'])
    expect(await at('state', 'sector', 't01000', '1')).toEqual(['14'])
    expect(await at('storage-deals', 'import-data', 'another', script.slice(0, -2))).toEqual([script])
    expect(await offered(script, ['deals', 'why', ''], { SEALANE_RUNTIME_DIR: '/nonexistent' })).toEqual([])
  })

  it('are written where the shell looks', async () => {
    const home = temporaryDirectory()
    for (const [shell, path] of [
      ['bash', '.local/share/bash-completion/completions/sealane'],
      ['zsh', '.zfunc/_sealane'],
      ['fish', '.config/fish/completions/sealane.fish'],
    ] as const) {
      const { out } = await runCommand(`completion ${shell} --install`, { HOME: home })
      expect(out).toContain(`${join(home, path)} written; `)
      expect(readFileSync(join(home, path), 'utf8')).toContain('complete-ids')
      const found = spawnSync(shell, ['-n', join(home, path)], { encoding: 'utf8' })
      // A shell that is not installed here cannot read its script.
      if (found.error === undefined) expect(found).toMatchObject({ status: 0, stderr: '' })
    }
    expect((await runCommand('completion tcsh')).code).toBe(64)
  })
})
