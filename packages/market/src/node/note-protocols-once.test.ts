import type { Connection } from '@libp2p/interface'
import { libp2pPair, until } from '@sealane/testkit'
import { describe, expect, it, vi } from 'vitest'
import { noteProtocolsOnce } from './index.js'

const pair = libp2pPair()

describe('the protocols a peer speaks', () => {
  it('are noted with its first stream of each, and anew after it was gone', async () => {
    const { server, client, connection } = await pair()
    const merge = vi.spyOn(server.peerStore, 'merge')
    noteProtocolsOnce(server)
    const peer = client.peerId
    const noted = async () => (await server.peerStore.get(peer)).protocols
    let streams = 0
    for (const protocol of ['/a/1', '/b/1']) {
      await server.handle(protocol, async (stream) => {
        streams += 1
        await stream.close()
      })
    }
    const speak = async (connection: Connection, protocol: string) => {
      const before = streams
      const stream = await connection.newStream(protocol)
      await stream.close()
      await until(
        'the stream has come',
        () => streams,
        (come) => come > before,
      )
    }
    const merged = () => merge.mock.calls.filter(([id]) => id.equals(peer)).length
    for (const protocol of ['/a/1', '/a/1', '/b/1', '/a/1', '/b/1']) await speak(connection, protocol)
    expect(merged()).toBe(2)
    expect(await noted()).toEqual(expect.arrayContaining(['/a/1', '/b/1']))

    await client.hangUp(server.peerId)
    await until(
      'gone',
      () => server.getConnections(peer).length,
      (open) => open === 0,
    )
    const again = await client.dial(server.getMultiaddrs())
    await speak(again, '/a/1')
    expect(merged()).toBe(3)
  })

  it('are noted as ever when there is more to note', async () => {
    const { server, client } = await pair()
    noteProtocolsOnce(server)
    await server.peerStore.merge(client.peerId, { protocols: ['/x/1', '/y/1'] })
    await server.peerStore.merge(client.peerId, { tags: { friend: { value: 1 } } })
    const { protocols, tags } = await server.peerStore.get(client.peerId)
    expect(protocols).toEqual(expect.arrayContaining(['/x/1', '/y/1']))
    expect([...tags.keys()]).toContain('friend')
  })
})
