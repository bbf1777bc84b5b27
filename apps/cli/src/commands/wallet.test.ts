import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MessageRow } from '@sealane/proto'
import { temporaryDirectory } from '@sealane/testkit'
import { Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { describe, expect, it } from 'vitest'
import { recorded } from '../testing/recorded.js'
import { pushedMessage } from '../testing/rows.js'
import { runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'
import { recordedNetwork, scriptedNode } from '../testing/scripted-node.js'

/** Keys as the recorded `wallet list` has them. */
function recordedKeys() {
  return recorded('wallet-list-id')
    .trimEnd()
    .split('\n')
    .slice(1)
    .flatMap((line, index) => {
      const [, address = '', id = '', balance = '', nonce = ''] =
        /^(\S+) +(\S+) +(\S+) FIL +(\d+)/.exec(line) ?? []
      const [whole = '0', fraction = ''] = balance.split('.')
      return address === ''
        ? []
        : [
            {
              name: `key-${index}`,
              address,
              id: id === 'n/a' ? null : id,
              type: address.startsWith('t3') ? ('bls' as const) : ('secp256k1' as const),
              balance: BigInt(whole + fraction.padEnd(18, '0')).toString(),
              nonce: Number(nonce),
            },
          ]
    })
}

describe('wallet list', () => {
  it('has lotus’ columns, with the key’s name in place of the default mark', async () => {
    const keys = recordedKeys()
    expect(keys.length).toBeGreaterThan(10)
    const env = await scriptedApps({ miner: { 'wallet.list': async () => keys } })
    // The last column is ours.
    const upTo = (text: string, column: string) => {
      const width = (text.split('\n')[0] ?? '').indexOf(column)
      return text.split('\n').map((line) => line.slice(0, width))
    }
    for (const [line, name] of [
      ['wallet list', 'wallet-list'],
      ['wallet list -i', 'wallet-list-id'],
    ] as const) {
      const shown = (await runCommand(line, env)).out
      expect(upTo(shown, 'Name')).toEqual(
        upTo(recorded(name), 'Default')
          .slice(0, keys.length + 1)
          .concat(''),
      )
    }
  })
})

describe('wallet new and balance', () => {
  it('new prints the address; without a name it takes the next free one', async () => {
    const asked: unknown[] = []
    const [key] = recordedKeys()
    const env = await scriptedApps({
      miner: {
        'wallet.list': async () => (key ? [{ ...key, name: 'key-1' }] : []),
        'wallet.new': async (params) => {
          asked.push(params)
          return { name: 'x', address: 't3abc', id: null, type: 'bls' as const, balance: '0', nonce: 0 }
        },
      },
    })
    expect((await runCommand('wallet new bls', env)).out).toBe('t3abc\n')
    await runCommand('wallet new --name owner', env)
    expect(asked).toEqual([
      { name: 'key-2', type: 'bls' },
      { name: 'owner', type: 'secp256k1' },
    ])
    expect((await runCommand('wallet new rsa', env)).err).toBe(
      'ERROR: the key type is bls or secp256k1, not "rsa"\n',
    )
  })

  it('balance takes an address or a key’s name', async () => {
    const [key] = recordedKeys()
    const apps = await scriptedApps({
      miner: { 'wallet.list': async () => (key ? [{ ...key, name: 'owner' }] : []) },
    })
    const node = await scriptedNode({
      ...recordedNetwork,
      WalletBalance: (a: string) => (a.slice(1) === key?.address.slice(1) ? '0' : '5'),
    })
    expect((await runCommand('wallet balance owner', { ...apps, ...node })).out).toBe(
      '0 FIL (warning: may display 0 if chain sync in progress)\n',
    )
    expect((await runCommand('wallet balance t01000', { ...apps, ...node })).out).toBe(
      '0.000000000000000005 FIL\n',
    )
    expect((await runCommand('wallet balance nobody', { ...apps, ...node })).code).toBe(64)
  })
})

describe('wallet fund and send', () => {
  const message = pushedMessage()

  async function apps(funded: MessageRow | null = message) {
    const asked: unknown[] = []
    const [key] = recordedKeys()
    const env = await scriptedApps({
      miner: {
        'wallet.list': async () => (key ? [{ ...key, name: 'worker' }] : []),
        'wallet.fund': async (params) => {
          asked.push(params)
          return funded
        },
        'wallet.send': async (params) => {
          asked.push(params)
          return message
        },
      },
    })
    return { env: { ...env, ...(await scriptedNode(recordedNetwork)) }, asked, address: key?.address ?? '' }
  }

  it('fund names a key or an address and the balance it should have', async () => {
    const { env, asked, address } = await apps()
    expect((await runCommand('wallet fund worker 20', env)).out).toBe(`Send message cid: ${message.cid}\n`)
    await runCommand(`wallet fund ${address} 0.5`, env)
    const f = `f${address.slice(1)}`
    expect(asked).toEqual([
      { address: f, target: '20000000000000000000' },
      { address: f, target: '500000000000000000' },
    ])
    expect((await runCommand('wallet fund nobody 1', env)).err).toContain('no key of the name nobody')
  })

  it('fund says when nothing is needed', async () => {
    const { env, address } = await apps(null)
    expect((await runCommand('wallet fund worker 20', env)).out).toBe(
      `worker (t${address.slice(1)}) has 10 FIL or more: nothing is sent\n`,
    )
  })

  it('send says from which key, and under which id', async () => {
    const { env, asked, address } = await apps()
    await runCommand('wallet send worker 5', env)
    await runCommand('wallet send t01000 1.5 --from worker --request-id r1', env)
    expect(asked).toEqual([
      { from: 'owner', to: `f${address.slice(1)}`, amount: '5000000000000000000' },
      { from: 'worker', to: 'f01000', amount: '1500000000000000000', requestId: 'r1' },
    ])
    expect((await runCommand('wallet send worker', env)).code).toBe(64)
  })
})

describe('wallet export and import', () => {
  const dir = join(temporaryDirectory(), 'keystore')
  // A key as lotus prints it: hex of JSON, the private key in base 64.
  const lotusKey = Buffer.from(
    JSON.stringify({ Type: 'secp256k1', PrivateKey: Buffer.alloc(32, 7).toString('base64') }),
  ).toString('hex')

  async function makeKeystore() {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const identity = await generateX25519Identity()
    writeFileSync(join(dir, 'identity.txt'), `# comment\n${identity}\n`, { mode: 0o600 })
    const encrypter = new Encrypter()
    encrypter.addRecipient(await identityToRecipient(identity))
    const worker = Buffer.from(
      JSON.stringify({ Type: 'bls', PrivateKey: Buffer.alloc(32, 9).toString('base64') }),
    ).toString('hex')
    const file = await encrypter.encrypt(JSON.stringify({ name: 'worker', key: worker }))
    writeFileSync(join(dir, 'worker.age'), file, { mode: 0o600 })
    return worker
  }

  it('opens the miner’s own files, gives keys back as lotus has them, and replaces none', async () => {
    const worker = await makeKeystore()
    const env = { SEALANE_KEYSTORE: dir }
    expect((await runCommand('wallet export worker', env)).out).toBe(`${worker}\n`)
    const imported = await runCommand('wallet import --name owner', env, { input: `${lotusKey}\n` })
    expect(imported.out).toMatch(/^imported key f1\w+ successfully!\n$/)
    expect(imported.err).toContain('the miner app takes it up at its next start')
    const address = /f1\w+/.exec(imported.out)?.[0] ?? ''
    expect((await runCommand(`wallet export t${address.slice(1)}`, env)).out).toBe(`${lotusKey}\n`)
    expect(statSync(join(dir, 'owner.age')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(dir, 'owner.age'), 'latin1')).not.toContain(lotusKey)
    const again = await runCommand('wallet import --name worker', env, { input: lotusKey })
    expect(again.code).toBe(1)
    expect(again.err).toContain('holds another key')
    expect((await runCommand('wallet export worker', env)).out).toBe(`${worker}\n`)
    expect(readdirSync(dir).sort()).toEqual(['identity.txt', 'owner.age', 'worker.age'])
    expect((await runCommand('wallet export nobody', env)).err).toContain('there are owner, worker')
  })

  it('tells a running miner app of the imported key', async () => {
    const asked: unknown[] = []
    const apps = await scriptedApps({
      miner: {
        'wallet.new': async (params) => {
          asked.push(params)
          return { name: 'x', address: 't1', id: null, type: 'bls' as const, balance: '0', nonce: 0 }
        },
      },
    })
    const { code } = await runCommand(
      'wallet import --name control-post',
      { ...apps, SEALANE_KEYSTORE: dir },
      { input: lotusKey },
    )
    expect(code).toBe(0)
    expect(asked).toEqual([{ name: 'control-post', type: 'secp256k1' }])
  })

  it('says what to do with a keystore it cannot open', async () => {
    const away = await runCommand('wallet export worker --keystore /nonexistent', {})
    expect(away.err).toContain('run this on the miner’s host, and name its folder with --keystore')
    const other = join(temporaryDirectory(), 'identity.txt')
    writeFileSync(other, await generateX25519Identity(), { mode: 0o644 })
    const open = await runCommand(`wallet export worker --identity ${other}`, { SEALANE_KEYSTORE: dir })
    expect(open.err).toContain(`run: chmod 600 ${other}`)
  })
})
