import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, keyAddress } from '@sealane/actors'
import { rpcCall } from '@sealane/chain'
import { exportKey, generateKey, importKey, publicKey } from '@sealane/crypto'
import { parseFil } from '@sealane/fil-units'
import { BusyNode, temporaryDirectory, until } from '@sealane/testkit'
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
    'takes the main job with a funded key as owner, on a busy node and killed -9 at its start, and pays each key once',
    async () => {
      const busy = await BusyNode.start(`${read('token')}:${read('api')}`, {
        lagMs: 2_500,
        limitEvery: 500,
        replicaEvery: 7,
        missing: ['MpoolPending'],
        forbidden: ['MpoolSetConfig'],
      })
      const cutting = setInterval(() => busy.cutSockets(), 6_000)
      try {
        const args = ['--prover', 'trapdoor', '--once', '--chain', busy.nodes, '--key', keyFile]
        const start = () => Stack.start(home, args)
        for (const [what, there] of startSteps) {
          const stack = start()
          await until(
            what,
            () => ({ there: there(stack), ...stack.state() }),
            (now) => now.there,
            { deadlineMs: patienceMs, everyMs: 2 },
          )
          await stack.killAll()
        }
        const stack = start()
        await stack.tells('the pre-commit', ({ event, preCommitCid }) => event === 'sector' && !!preCommitCid)
        await busy.down()
        await until(
          'the miner app to miss its node',
          () => readFileSync(join(home, 'log/miner.log'), 'utf8').slice(-20_000),
          (log) => log.includes('chain node does not answer'),
          { deadlineMs: patienceMs },
        )
        await busy.up()
        const summary = await stack.summary()
        expect(await stack.exitCode()).toBe(0)
        expect(processesOf(home)).toEqual([])
        expect(summary).toMatchObject({ rawPowerBefore: '0', rawPowerAfter: '2048' })
        expect(stack.told.find(({ event }) => event === 'deadline')).toMatchObject({ sectorNumber: 1 })

        // One miner, each key paid once, escrow filled once.
        const sent = (where: string) =>
          stack.rows<{ to_address: string }>('miner', `SELECT to_address FROM messages WHERE ${where}`)
        expect(sent("class = 'createMiner'")).toHaveLength(1)
        expect(sent("class = 'control'")).toHaveLength(1)
        const paid = sent("class = 'fund'")
        expect(paid).toHaveLength(3)
        expect(new Set(paid.map((row) => row.to_address)).size).toBe(3)
        const escrow = stack.told.find(({ event }) => event === 'escrow')
        const held = await stack.chain.marketBalance(await clientOf(stack))
        expect(held.escrow).toBeLessThanOrEqual(BigInt(String(escrow?.client)))
        // No nonce twice, and none left out.
        for (const { from_address, nonces } of stack.rows<{ from_address: string; nonces: string }>(
          'miner',
          'SELECT from_address, group_concat(DISTINCT nonce) AS nonces FROM signings GROUP BY from_address',
        )) {
          const used = nonces.split(',').map(Number)
          expect(
            used.sort((a, b) => a - b),
            from_address,
          ).toEqual(used.map((_, at) => at))
        }
        expect(stack.rows('miner', "SELECT uuid FROM messages WHERE class = 'gapFill'")).toEqual([])
        // The node was as busy as it was told to be.
        const said = [...busy.told.keys()].join('\n')
        for (const text of [/Too Many Requests/, /message execution failed \(exit=/, /MpoolSetConfig/])
          expect(said).toMatch(text)
      } finally {
        clearInterval(cutting)
        await busy.stop()
      }
    },
    2 * patienceMs,
  )
})

/** Where the run is killed: each time in the middle of something that must not happen twice. */
const startSteps: readonly (readonly [string, (stack: Stack) => boolean])[] = [
  ['a key to be paid', (stack) => asked(stack, "class = 'fund'")],
  ['CreateMiner to be signed', (stack) => asked(stack, "class = 'createMiner' AND cid <> ''")],
  ['the client’s escrow to be signed', ({ home }) => existsSync(join(home, 'client/escrow-message'))],
]

/** Whether the miner app has such a message; not before it has made its tables. */
function asked(stack: Stack, where: string): boolean {
  try {
    return stack.rows('miner', `SELECT uuid FROM messages WHERE ${where}`).length > 0
  } catch (error) {
    if (error instanceof Error && /no such table/.test(error.message)) return false
    throw error
  }
}

async function clientOf({ home }: Stack): Promise<Address> {
  const key = importKey(readFileSync(join(home, 'client/key'), 'utf8').trim())
  return keyAddress(key.type, publicKey(key))
}
