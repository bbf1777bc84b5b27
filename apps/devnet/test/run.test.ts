import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory, until } from '@sealane/testkit'
import { afterEach, describe, expect, it } from 'vitest'

const main = new URL('../dist/main.js', import.meta.url).pathname
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function run(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, ended, output: () => output, errors: () => errors }
}

const nameOf = async (directory: string) => {
  const [, , , , port] = readFileSync(join(directory, 'api'), 'utf8').split('/')
  const response = await fetch(`http://127.0.0.1:${port}/rpc/v1`, {
    method: 'POST',
    headers: { authorization: `Bearer ${readFileSync(join(directory, 'token'), 'utf8')}` },
    body: JSON.stringify({ id: 1, jsonrpc: '2.0', method: 'Filecoin.StateNetworkName', params: [] }),
  })
  return ((await response.json()) as { result: string }).result
}

describe('sealane-devnet', () => {
  it('runs, answers, refuses a second on its directory with one line, and stops at once', async () => {
    const directory = join(temporaryDirectory(), 'devnet')
    const first = run('run', '--state-dir', directory, '--listen', '127.0.0.1:0')
    await until(
      'the token is there',
      async () => existsSync(join(directory, 'api')),
      (there) => there,
    )
    expect(await nameOf(directory)).toMatch(/^sealane-devnet-[0-9a-f]{16}$/)

    const second = run('run', '--state-dir', directory, '--listen', '127.0.0.1:0')
    expect(await second.ended).toBe(78)
    expect(second.errors()).toMatch(/^LOCKED: .*lock is held by process/m)

    const asked = Date.now()
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(Date.now() - asked).toBeLessThan(5_000)
  })

  it('prints every key of its configuration, and names a wrong one', async () => {
    const defaults = run('config', 'default')
    expect(await defaults.ended).toBe(0)
    for (const key of [
      'state_dir',
      'listen',
      'block_delay',
      'hold_limit',
      'mode',
      'faucet_fil',
      'cache_dir',
    ]) {
      expect(defaults.output()).toContain(key)
    }
    const wrong = run('run', '--clock', 'slow')
    expect(await wrong.ended).toBe(78)
    expect(wrong.errors()).toContain('--clock')
  })
})
