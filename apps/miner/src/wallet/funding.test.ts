import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeSignedMessage, keyAddress, signedMessageCid } from '@sealane/actors'
import { generateKey, publicKey } from '@sealane/crypto'
import { attoFil } from '@sealane/fil-units'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { openMessager } from '../testing/miner-fixture.js'
import { ScriptedChain } from '../testing/scripted-chain.js'
import { Funding } from './funding.js'

const program = fileURLToPath(new URL('../../dist/testing/killed-funding.js', import.meta.url))
const target = attoFil(10n ** 18n)
const key = generateKey('secp256k1', new Uint8Array(32).fill(3))
const worker = keyAddress(key.type, publicKey(key))

describe('raising a key from the owner’s', { timeout: 60_000 }, () => {
  const root = temporaryDirectory()

  it.each(['planned', 'push', 'pooled', 'landed'])(
    'killed -9 when it was %s: started again it pays what is lacking, once',
    (where) => {
      const directory = mkdtempSync(join(root, 'f-'))
      const journal = join(directory, 'pushes')
      const run = (kill: string) =>
        spawnSync(process.execPath, [program, directory, journal, kill], { encoding: 'utf8' })
      const killed = run(where)
      expect(killed.signal, killed.stderr).toBe('SIGKILL')
      const again = run('never')
      expect(again.status, again.stderr).toBe(0)
      expect(JSON.parse(again.stdout)).toEqual([{ value: String(target), state: 'Confirmed', nonce: 0 }])
      const lines = readFileSync(journal, 'utf8').trim().split('\n')
      const pushed = lines.map((line) => decodeSignedMessage(Buffer.from(line, 'hex')))
      expect(new Set(pushed.map(signedMessageCid)).size).toBe(1)
    },
  )

  it('does not pay again for what landed after the head that its balance was read at', async () => {
    const chain = new ScriptedChain()
    const port = chain.port()
    const rig = await openMessager(mkdtempSync(join(root, 'r-')), port, { mayFund: () => true })
    const owner = (await rig.keystore.ensure('owner', 'secp256k1')).address
    chain.balances.set(owner, 10n ** 21n)
    // The balance is asked for at the first head, and the answer comes when the message has been confirmed.
    let late: (() => Promise<void>) | undefined
    const slow = new Proxy(port, {
      get: (from, name) =>
        name === 'getActor'
          ? async (...asked: Parameters<typeof port.getActor>) => {
              const answer = await port.getActor(...asked)
              await late?.()
              return answer
            }
          : from[name as keyof typeof port],
    })
    const funding = new Funding(rig.db, slow, rig.watch, rig.wallet, rig.messager)
    await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
    const first = await funding.raise(worker, target)
    late = async () => {
      late = undefined
      for (let at = 0; at < 12; at++) {
        await rig.messager.round()
        rig.clock.ms += 10_000
        await rig.watch.take(chain.advance())
      }
    }
    expect(await funding.raise(worker, target)).toMatchObject({ uuid: first?.uuid, state: 'Confirmed' })
    chain.balances.set(worker, target)
    expect(await funding.raise(worker, target)).toBeUndefined()
    await rig.db.destroy()
  })

  it('sends once for each request id, from any key, to whom policy lets it pay', async () => {
    const chain = new ScriptedChain()
    const rig = await openMessager(mkdtempSync(join(root, 's-')), chain.port(), {
      mayFund: (address) => address === worker,
    })
    await rig.keystore.ensure('owner', 'secp256k1')
    const spare = (await rig.keystore.ensure('control-post', 'secp256k1')).address
    chain.balances.set(spare, 10n ** 19n)
    const funding = new Funding(rig.db, chain.port(), rig.watch, rig.wallet, rig.messager)
    await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
    const wish = { from: 'control-post', to: worker, amount: target, requestId: 'r1' }
    const first = await funding.send(wish)
    expect((await funding.send(wish)).uuid).toBe(first.uuid)
    await rig.messager.round()
    expect(chain.pushed.map(({ message: { from, to, value, method } }) => [from, to, value, method])).toEqual(
      [[spare, worker, target, 0]],
    )
    const refused = (changes: Partial<typeof wish>) =>
      funding.send({ ...wish, requestId: 'r2', ...changes }).then(
        () => expect.unreachable('it was sent'),
        (error: Error) => error.message,
      )
    expect(await refused({ to: spare })).toContain(
      'may not be paid: it is neither another key of this miner nor in policy.fund_addresses',
    )
    expect(await refused({ requestId: 'r1', amount: attoFil(1n) })).toContain('REQUEST_REUSED')
    expect(await refused({ from: 'nobody' })).toContain('KEY_UNKNOWN')
    expect(await refused({ amount: attoFil(0n) })).toContain('above 0 FIL')
    // What the operator sent is none of the messages that raise it.
    expect(await funding.raise(worker, target)).toMatchObject({ request_id: `fund-${worker}-1` })
    await rig.db.destroy()
  })
})
