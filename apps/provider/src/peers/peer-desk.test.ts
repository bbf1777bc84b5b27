import { multiaddr } from '@multiformats/multiaddr'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningProvider, startProvider, TestClient } from '../testing/provider-under-test.js'
import { TestChain } from '../testing/test-chain.js'

const redis = localRedis()
const dir = temporaryDirectory()
const chain = new TestChain()
const peers: TestClient[] = []
let provider: RunningProvider

const start = async (...flags: string[]) => {
  provider = await startProvider({ dir, redisUrl: redis.url, chain, flags })
}
const peer = async () => {
  const made = await TestClient.create()
  peers.push(made)
  return made
}
const idOf = (one: TestClient) => one.host.peerId.toString()
/** Whether a peer gets a connection that carries a stream. */
async function lets(one: TestClient): Promise<boolean> {
  try {
    const stream = await (await one.dial(provider)).newStream('/ipfs/ping/1.0.0')
    stream.abort(new Error('enough'))
    return true
  } catch {
    return false
  }
}
const here = () => provider.life.rooms.host.getPeers().map(String)

afterAll(async () => await provider?.stop())
afterEach(async () => {
  await Promise.all(peers.splice(0).map((one) => one.stop()))
})

describe('net block', () => {
  beforeAll(async () => await start())

  it('closes what is open, keeps the peer out over a restart, and lets it in again', async () => {
    const [bad, good] = [await peer(), await peer()]
    expect([await lets(bad), await lets(good)]).toEqual([true, true])
    await provider.operator['net.block']({ what: 'peers', names: [idOf(bad)] })
    await until(
      'the blocked peer to be gone',
      async () => here(),
      (all) => !all.includes(idOf(bad)),
    )
    expect(here()).toContain(idOf(good))
    expect(await lets(bad)).toBe(false)
    await provider.stop()
    await start()
    expect(await provider.operator['net.blocks']({})).toEqual({ peers: [idOf(bad)], ips: [], subnets: [] })
    expect(await lets(bad)).toBe(false)
    await provider.operator['net.unblock']({ what: 'peers', names: [idOf(bad)] })
    expect(await lets(bad)).toBe(true)
  })

  it.each([
    ['ips', '127.0.0.1'],
    ['subnets', '127.0.0.0/8'],
  ] as const)('keeps an address out before a byte is read: %s', async (what, name) => {
    const one = await peer()
    await provider.operator['net.block']({ what, names: [name] })
    expect(await lets(one)).toBe(false)
    await provider.operator['net.unblock']({ what, names: [name] })
    expect(await lets(one)).toBe(true)
  })

  it.each([
    ['peers', 'somebody', /somebody is no peer id/],
    ['ips', '1.2.3', /1.2.3 is no IP address/],
    ['subnets', '1.2.3.4/33', /1.2.3.4\/33 is no subnet/],
  ] as const)('refuses what is none: %s %s', async (what, name, text) => {
    await expect(provider.operator['net.block']({ what, names: [name] })).rejects.toThrow(text)
  })
})

describe('net ping', () => {
  it('measures the line to a connected peer by its id, to another by its address', async () => {
    const [near, listening] = [await peer(), await peer()]
    await listening.host.handle('/ipfs/ping/1.0.0', (stream) => {
      stream.addEventListener('message', ({ data }) => stream.send(data))
    })
    await near.host.handle('/ipfs/ping/1.0.0', (stream) => {
      stream.addEventListener('message', ({ data }) => stream.send(data))
    })
    await near.dial(provider)
    const byId = await provider.operator['net.ping']({ peer: idOf(near) })
    expect(byId.peerId).toBe(idOf(near))
    expect(byId.rttMs).toBeGreaterThan(0)
    const [address = ''] = listening.host.getMultiaddrs().map(String)
    expect((await provider.operator['net.ping']({ peer: address })).peerId).toBe(idOf(listening))
  })

  it('says what is needed for a peer it never met', async () => {
    const unknown = '12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau'
    await expect(provider.operator['net.ping']({ peer: unknown })).rejects.toThrow(/give its address/)
  })
})

describe('net reachability', () => {
  beforeEach(() => {
    chain.peerId = undefined
    chain.multiaddrs = []
  })

  it('is private on a loopback address, and says what stands on chain', async () => {
    const found = await provider.operator['net.reachability']({})
    expect(found).toMatchObject({ status: 'Private', lastFromOutside: null })
    expect(found.addresses).toEqual(await provider.operator['net.listen']({}))
  })

  it('reads what clients read on chain', async () => {
    await provider.stop()
    chain.peerId = '12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau'
    chain.multiaddrs = [multiaddr('/ip4/203.0.113.7/tcp/24001').bytes]
    await start()
    expect((await provider.operator['net.reachability']({})).onChain).toEqual({
      peerId: chain.peerId,
      addresses: ['/ip4/203.0.113.7/tcp/24001'],
    })
  })
})

describe('net protect', () => {
  it('keeps a seat for a peer that is away, against strangers, over a restart', async () => {
    await provider.stop()
    await start('--libp2p-max-connections', '3')
    const [dear, first, second, third] = [await peer(), await peer(), await peer(), await peer()]
    expect(await provider.operator['net.protect']({ peerIds: [idOf(dear)] })).toEqual([idOf(dear)])
    await provider.stop()
    await start('--libp2p-max-connections', '3')
    expect(await provider.operator['net.protected']({})).toEqual([idOf(dear)])
    expect([await lets(first), await lets(second)]).toEqual([true, true])
    expect(await lets(third)).toBe(false)
    expect(await lets(dear)).toBe(true)
    expect(await provider.operator['net.unprotect']({ peerIds: [idOf(dear)] })).toEqual([])
  })
})
