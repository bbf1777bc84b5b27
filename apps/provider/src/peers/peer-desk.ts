import type { Connection, PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Reachability } from '@sealane/proto'
import type { ChainView } from '../chain/chain-view.js'
import type { Clock } from '../clock.js'
import type { MinerAddress } from '../deals/miner-address.js'
import { ProviderError } from '../provider-error.js'
import { isPublic } from '../transfer/address-guard.js'
import type { ProviderHost } from './create-host.js'
import { ipOf, type PeerGate } from './peer-gate.js'
import type { Blocked, PeerRules } from './peer-rules.js'

/** How long one dial or ping may take. Unit: ms. */
const reachTimeoutMs = 15_000
/** Protected peers are the last that libp2p closes when there are too many. Source: its pruner sums the values of tags. */
const protectedTag = { tags: { protected: { value: 100 } } }

/** What an operator sees and says of the provider's peers. */
export class PeerDesk {
  #lastFromOutside: Reachability['lastFromOutside'] = null

  constructor(
    private readonly host: ProviderHost,
    private readonly gate: PeerGate,
    private readonly rules: PeerRules,
    private readonly chain: ChainView,
    private readonly miner: MinerAddress,
    private readonly clock: Clock,
  ) {
    host.addEventListener('connection:open', ({ detail }) => this.#opened(detail))
    host.addEventListener('peer:connect', ({ detail }) => void this.#tag(detail))
  }

  /** Addresses without the peer id at their end: what goes on chain. */
  addresses(): string[] {
    return this.host.getMultiaddrs().map((address) => address.toString().replace(/\/p2p\/[^/]+$/, ''))
  }

  async connect(addr: string): Promise<string> {
    const signal = AbortSignal.timeout(reachTimeoutMs)
    return (await this.host.dial(multiaddr(addr), { signal })).remotePeer.toString()
  }

  /**
   * One ping, over a connection that is there or a new one. Unit of the answer: ms.
   * @param peer a multiaddr, or the id of a peer that is or was connected
   * @throws {ProviderError} PEER_UNKNOWN
   */
  async ping(peer: string): Promise<{ peerId: string; rttMs: number }> {
    const target = peer.startsWith('/') ? multiaddr(peer) : await this.#known(peer)
    const signal = AbortSignal.timeout(reachTimeoutMs)
    const { remotePeer } = await this.host.dial(target, { signal })
    const begun = performance.now()
    await this.host.services.ping.ping(remotePeer, { signal })
    return { peerId: remotePeer.toString(), rttMs: performance.now() - begun }
  }

  /** Blocks, and closes what is open to the blocked. @throws {ProviderError} PEER_RULE_REFUSED */
  async block(what: Blocked, names: readonly string[]): Promise<void> {
    const white = what === 'peers' ? names.find((name) => this.gate.alwaysAdmits(name)) : undefined
    if (white !== undefined) {
      const reason = `${white} is on libp2p.whitelist_peers, which wins: take it off there first`
      throw new ProviderError({ code: 'PEER_RULE_REFUSED', reason })
    }
    await this.rules.block(what, names)
    await Promise.all(
      this.host.getConnections().map(async (connection) => {
        const ip = ipOf(connection.remoteAddr)
        const stays =
          this.gate.admits(connection.remotePeer.toString()) && (ip === undefined || !this.rules.blocksIp(ip))
        if (!stays)
          await connection
            .close({ signal: AbortSignal.timeout(1_000) })
            .catch(connection.abort.bind(connection))
      }),
    )
  }

  async protect(peerIds: readonly string[]): Promise<void> {
    await this.rules.protect(peerIds)
    await Promise.all(this.host.getPeers().map((peer) => this.#tag(peer)))
  }

  async unprotect(peerIds: readonly string[]): Promise<void> {
    await this.rules.unprotect(peerIds)
    for (const peer of this.host.getPeers()) {
      if (peerIds.includes(peer.toString()))
        await this.host.peerStore.merge(peer, { tags: { protected: undefined } })
    }
  }

  /** Whether clients can find and reach us, as far as can be known from here. */
  async reachability(): Promise<Reachability> {
    const addresses = this.addresses()
    const miner = this.miner.get()
    const onChain = miner === undefined ? 'unavailable' : await this.chain.announced(miner)
    const outside = addresses.some((address) => isPublic(ipOf(multiaddr(address)) ?? ''))
    const named = addresses.some((address) => /^\/dns/.test(address))
    return {
      status: this.#lastFromOutside !== null ? 'Public' : outside || named ? 'Unknown' : 'Private',
      peerId: this.host.peerId.toString(),
      addresses,
      lastFromOutside: this.#lastFromOutside,
      onChain: onChain === 'unavailable' ? null : onChain,
    }
  }

  #opened({ direction, remoteAddr, remotePeer }: Connection): void {
    const ip = ipOf(remoteAddr)
    if (direction !== 'inbound' || ip === undefined || !isPublic(ip)) return
    this.#lastFromOutside = { peerId: remotePeer.toString(), ip, atMs: this.clock.now() }
  }

  async #tag(peer: PeerId): Promise<void> {
    if (this.rules.protectedPeers().includes(peer.toString()))
      await this.host.peerStore.merge(peer, protectedTag)
  }

  async #known(peerId: string): Promise<PeerId> {
    const open = this.host.getPeers().find((peer) => peer.toString() === peerId)
    if (open !== undefined) return open
    const seen = (await this.host.peerStore.all()).find(({ id }) => id.toString() === peerId)
    if (seen === undefined) throw new ProviderError({ code: 'PEER_UNKNOWN', peerId })
    return seen.id
  }
}
