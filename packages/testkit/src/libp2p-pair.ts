import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Connection, Libp2p } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { createLibp2p } from 'libp2p'
import { afterEach } from 'vitest'

export interface Libp2pPair {
  readonly server: Libp2p
  readonly client: Libp2p
  /** From client to server. */
  readonly connection: Connection
}

/** Makes pairs of real libp2p hosts (TCP on loopback, TLS or noise, yamux) for one test each. Call it at the top of a file or describe. */
export function libp2pPair(): () => Promise<Libp2pPair> {
  const hosts: Libp2p[] = []
  afterEach(async () => {
    await Promise.all(hosts.splice(0).map((host) => host.stop()))
  })
  const host = async () => {
    const made = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [tls(), noise()],
      streamMuxers: [yamux()],
    })
    hosts.push(made)
    return made
  }
  return async () => {
    const [server, client] = [await host(), await host()]
    return { server, client, connection: await client.dial(server.getMultiaddrs()) }
  }
}
