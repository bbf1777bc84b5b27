import { chmodSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { Keystore } from './keystore.js'

describe('the keystore', () => {
  const directory = temporaryDirectory()
  const at = (name: string) => ({ directory: join(directory, name) })

  it('makes its identity and keys 0600 at first start and opens them unattended afterwards', async () => {
    const first = await Keystore.open(at('a'))
    const owner = await first.ensure('owner', 'secp256k1')
    const worker = await first.ensure('worker', 'bls')
    expect(owner.address).toMatch(/^f1/)
    expect(worker.address).toMatch(/^f3/)
    for (const file of readdirSync(at('a').directory)) {
      expect(statSync(join(at('a').directory, file)).mode & 0o777, file).toBe(0o600)
    }
    const again = await Keystore.open(at('a'))
    expect(again.list()).toEqual([owner, worker])
    expect(await again.ensure('owner', 'secp256k1')).toEqual(owner)
  })

  it('keeps no key in clear on disk', async () => {
    const store = await Keystore.open(at('b'))
    await store.ensure('worker', 'bls')
    const exported = store.export('worker').reveal()
    const secret = JSON.parse(Buffer.from(exported, 'hex').toString()).PrivateKey as string
    for (const file of readdirSync(at('b').directory)) {
      const text = readFileSync(join(at('b').directory, file), 'latin1')
      expect(text).not.toContain(exported)
      expect(text).not.toContain(secret)
    }
    expect(JSON.stringify(store.export('worker'))).toBe('"[redacted]"')
  })

  it('takes a key as lotus wallet export prints it and gives it back unchanged', async () => {
    const from = await Keystore.open(at('c'))
    const key = await from.ensure('worker', 'bls')
    const text = from.export('worker').reveal()
    const into = await Keystore.open(at('d'))
    expect((await into.import('post', text)).address).toBe(key.address)
    expect(into.export('post').reveal()).toBe(text)
    await expect(into.import('post', (await otherKey(at('e'))).reveal())).rejects.toMatchObject({
      code: 'KEY_EXISTS',
    })
  })

  it('gives one key to two who ask for a name at once', async () => {
    const store = await Keystore.open(at('f'))
    const [one, two] = await Promise.all([
      store.ensure('owner', 'secp256k1'),
      store.ensure('owner', 'secp256k1'),
    ])
    expect((await Keystore.open(at('f'))).named('owner')).toEqual(one)
    expect(one).toEqual(two)
  })

  it('refuses to open what others may read, or with another identity', async () => {
    const store = await Keystore.open(at('g'))
    await store.ensure('owner', 'secp256k1')
    const identity = join(at('g').directory, 'identity.txt')
    chmodSync(identity, 0o644)
    await expect(Keystore.open(at('g'))).rejects.toMatchObject({ code: 'KEYSTORE', remedy: 'halt' })
    chmodSync(identity, 0o600)
    const other = join(directory, 'other-identity.txt')
    await expect(Keystore.open({ ...at('g'), identityFile: other })).rejects.toThrow(
      /restore it from your backup/,
    )
    await Keystore.open({ ...at('h'), identityFile: other })
    await expect(Keystore.open({ ...at('g'), identityFile: other })).rejects.toThrow(/cannot be opened/)
    rmSync(identity)
    await expect(Keystore.open(at('g'))).rejects.toThrow(/is missing, but 1 keys are encrypted to it/)
  })
})

async function otherKey(o: { directory: string }) {
  const store = await Keystore.open(o)
  await store.ensure('worker', 'bls')
  return store.export('worker')
}
