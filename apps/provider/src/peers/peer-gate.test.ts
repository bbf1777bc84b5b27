import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p } from '@libp2p/interface'
import { loadConfig } from '@sealane/host'
import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { providerConfig } from '../config.js'
import { openProviderDb } from '../open-database.js'
import { TestClient } from '../testing/provider-under-test.js'
import { createHost } from './create-host.js'
import { PeerGate } from './peer-gate.js'
import { PeerRules } from './peer-rules.js'

const nothingSaid = new PeerRules((await openProviderDb(temporaryDirectory())).db)

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

async function hostWith(...flags: string[]): Promise<Libp2p> {
  const needed = [
    '--chain-nodes',
    'x',
    '--crossing-redis-url',
    'redis://x',
    '--libp2p-listen',
    '/ip4/127.0.0.1/tcp/0',
  ]
  const { libp2p } = loadConfig(providerConfig, { argv: [...needed, ...flags], env: {} }).values
  const host = await createHost(
    libp2p,
    await generateKeyPair('Ed25519'),
    new PeerGate(libp2p, nothingSaid),
    '0',
  )
  await host.start()
  stops.push(async () => host.stop())
  return host
}
async function client(): Promise<TestClient> {
  const made = await TestClient.create()
  stops.push(() => made.stop())
  return made
}
/** Whether a peer has a connection that lasts. */
async function lets(host: Libp2p, peer: TestClient): Promise<boolean> {
  try {
    const connection = await peer.host.dial(host.getMultiaddrs())
    const stream = await connection.newStream('/ipfs/ping/1.0.0')
    stream.abort(new Error('enough'))
    return true
  } catch {
    return false
  }
}

describe('who may connect', () => {
  it('is everybody, unless the operator says otherwise', async () => {
    expect(await lets(await hostWith(), await client())).toBe(true)
  })

  it('is not who is on the black list', async () => {
    const [bad, good] = [await client(), await client()]
    const host = await hostWith('--libp2p-blacklist-peers', bad.host.peerId.toString())
    expect(await lets(host, bad)).toBe(false)
    expect(await lets(host, good)).toBe(true)
  })

  it('is only who is on the white list, by address or id, when that is asked for', async () => {
    const [byAddress, byId, other] = [await client(), await client(), await client()]
    const white = [`${byAddress.host.getMultiaddrs()[0]}`, byId.host.peerId.toString()].join(',')
    const host = await hostWith('--only-white-peer', '--libp2p-whitelist-peers', white)
    expect([await lets(host, byAddress), await lets(host, byId), await lets(host, other)]).toEqual([
      true,
      true,
      false,
    ])
  })

  it('is many at once: twenty that dial in the same second all get through', async () => {
    const host = await hostWith()
    const clients = await Promise.all(Array.from({ length: 20 }, client))
    expect(await Promise.all(clients.map((one) => lets(host, one)))).toEqual(new Array(20).fill(true))
  })

  it('offers TLS and Noise, and tells what it speaks', async () => {
    const host = await hostWith()
    expect(host.getProtocols()).toEqual(expect.arrayContaining(['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0']))
    const peer = await client()
    const connection = await peer.host.dial(host.getMultiaddrs())
    expect(connection.encryption).toBe('/tls/1.0.0')
  })
})
