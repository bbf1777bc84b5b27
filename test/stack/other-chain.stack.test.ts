import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyAddress } from '@sealane/actors'
import { rpcCall } from '@sealane/chain'
import { exportKey, generateKey, publicKey } from '@sealane/crypto'
import { parseFil } from '@sealane/fil-units'
import { temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { patienceMs, processesOf, root, Stack, stateHome } from './stack.js'

describe('a chain that others run', () => {
  const home = stateHome()
  const other = join(temporaryDirectory(), 'chain')
  const keyFile = join(home, 'owner.key')
  const key = generateKey('bls', new Uint8Array(32).fill(5))
  const read = (name: string) => readFileSync(join(other, name), 'utf8').trim()
  let devnet: ChildProcess

  beforeAll(async () => {
    const main = join(root, 'apps/devnet/dist/main.js')
    devnet = spawn(process.execPath, [main, 'run', '--state-dir', other, '--listen', '127.0.0.1:0'], {
      stdio: 'ignore',
    })
    await until(
      'the devnet listens',
      () => existsSync(join(other, 'api')),
      (there) => there,
      { deadlineMs: 60_000 },
    )
    writeFileSync(keyFile, exportKey(key), { mode: 0o600 })
    const address = keyAddress(key.type, publicKey(key))
    const nodes = `${read('token')}:${read('api')}`
    await rpcCall(nodes, 'Devnet.FundTo', [address, String(parseFil('20'))])
    await until(
      'the key to be funded',
      async () => String(await rpcCall(nodes, 'Filecoin.WalletBalance', [address])),
      (balance) => balance !== '0',
      { deadlineMs: 60_000 },
    )
  }, 120_000)
  afterAll(() => {
    devnet?.kill('SIGTERM')
  })

  it(
    'takes the main job with a funded key as owner, and pays each key once',
    async () => {
      const nodes = `${read('token')}:${read('api')}`
      const stack = Stack.start(home, ['--prover', 'trapdoor', '--once', '--chain', nodes, '--key', keyFile])
      const summary = await stack.summary()
      expect(await stack.exitCode()).toBe(0)
      expect(processesOf(home)).toEqual([])
      expect(summary).toMatchObject({ rawPowerBefore: '0', rawPowerAfter: '2048' })
      expect(stack.told.find(({ event }) => event === 'deadline')).toMatchObject({ sectorNumber: 1 })
      const paid = stack.rows('miner', "SELECT to_address, state FROM messages WHERE class = 'fund'")
      expect(paid).toHaveLength(3)
      expect(new Set(paid.map((row) => row.to_address)).size).toBe(3)
    },
    patienceMs,
  )
})
