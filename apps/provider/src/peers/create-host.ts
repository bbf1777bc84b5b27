import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { type Identify, identify } from '@libp2p/identify'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { noteProtocolsOnce } from '@sealane/market/node'
import { createLibp2p } from 'libp2p'
import type { ProviderConfig } from '../config.js'
import type { PeerGate } from './peer-gate.js'
import { quietLogger } from './quiet-logger.js'

/**
 * A stream's first window lets a client send about a proposal; transfers from a peer's data server need more over a
 * long line. Unit: bytes. 16 MiB fills 200 ms at 640 Mbit/s.
 */
const maxStreamWindowBytes = 16 * 1024 * 1024

/** The host with what runs on it. */
export type ProviderHost = Libp2p<{ identify: Identify; ping: Ping }>

/**
 * The libp2p host of a provider: TCP, TLS before Noise, yamux, identify, ping. The library's defaults are for peers that
 * dial out; these limits are for one that thousands dial.
 */
export async function createHost(
  config: ProviderConfig['libp2p'],
  privateKey: PrivateKey,
  gate: PeerGate,
  version: string,
): Promise<ProviderHost> {
  const host: ProviderHost = await createLibp2p({
    privateKey,
    nodeInfo: { name: 'sealane', version, userAgent: `sealane/${version}` },
    addresses: { listen: config.listen, announce: config.announce },
    transports: [tcp()],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: 1024,
        maxOutboundStreams: 1024,
        streamOptions: { maxStreamWindowSize: maxStreamWindowBytes },
      }),
    ],
    connectionGater: gate.gater(() => host.getConnections()),
    connectionManager: {
      maxConnections: config.max_connections,
      inboundConnectionThreshold: config.connections_per_second,
      maxIncomingPendingConnections: Math.max(64, config.connections_per_second * 4),
      // Deal clients come and go: nobody is dialled again on its own account.
      reconnectRetries: 0,
    },
    services: { identify: identify(), ping: ping() },
    // DEBUG=libp2p:* in the environment brings the library's own logger back.
    ...(process.env.DEBUG === undefined ? { logger: quietLogger } : {}),
    start: false,
  })
  noteProtocolsOnce(host)
  return host
}
