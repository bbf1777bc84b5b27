import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import type { Connection } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { multiaddr } from '@multiformats/multiaddr'
import type { Address } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { createLibp2p } from 'libp2p'
import { CliError } from '../cli-error.js'

/** What a provider says of itself. */
export interface Met {
  readonly id: string
  readonly agent: string
  readonly multiaddrs: readonly string[]
  readonly protocols: readonly string[]
}

/** A connection to a miner's provider, by what the chain says of it: peer id and addresses. Close `stop` when done. */
export async function dialProvider(
  chain: ChainPort,
  miner: Address,
  signal: AbortSignal,
): Promise<{ connection: Connection; identify: () => Promise<Met>; stop: () => Promise<void> }> {
  const info = await chain.minerInfo(miner)
  if (info.peerId === undefined || info.multiaddrs.length === 0) {
    throw new CliError(
      { code: 'CHAIN', reason: 'no address' },
      `the chain has no peer id or address for ${miner}: its operator has to run "sealane actor set-peer-id" and "actor set-addrs"`,
    )
  }
  const node = await clientNode()
  const addresses = info.multiaddrs.map((bytes) => {
    const address = multiaddr(bytes)
    return address.toString().includes('/p2p/') ? address : address.encapsulate(`/p2p/${info.peerId}`)
  })
  try {
    const connection = await node.dial(addresses, { signal })
    const identify = async (): Promise<Met> => {
      const { agentVersion, protocols, listenAddrs } = await node.services.identify.identify(connection, {
        signal,
      })
      return {
        id: connection.remotePeer.toString(),
        agent: agentVersion ?? '',
        multiaddrs: listenAddrs.map(String),
        protocols,
      }
    }
    return { connection, identify, stop: async () => await node.stop() }
  } catch (error) {
    await node.stop()
    if (signal.aborted) throw error
    const shown = addresses.map(String).join(', ')
    throw new CliError(
      { code: 'UNREACHABLE', miner, addresses: shown },
      `cannot reach the provider of ${miner} at ${shown}: ${reasonOf(error)}; is it running, and are these its addresses ("sealane net listen" on its host)?`,
    )
  }
}

/** Dials one address as a stranger would. The answer: how long it took, in ms, or why it failed. */
export async function reach(
  address: string,
  peerId: string,
  signal: AbortSignal,
): Promise<{ tookMs: number } | { failure: string }> {
  const node = await clientNode()
  const begun = performance.now()
  try {
    await node.dial(multiaddr(`${address}/p2p/${peerId}`), { signal })
    return { tookMs: performance.now() - begun }
  } catch (error) {
    return { failure: reasonOf(error) }
  } finally {
    await node.stop()
  }
}

async function clientNode() {
  return await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [yamux()],
    // One identify at a time is answered on a connection: it is ours to ask.
    services: { identify: identify({ runOnConnectionOpen: false }) },
  })
}

/** libp2p says "all dials failed" and hides why inside. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(reasonOf).join('; ')
  return error instanceof Error ? error.message : String(error)
}
