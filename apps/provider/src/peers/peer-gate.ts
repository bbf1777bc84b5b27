import type { Connection, ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { ProviderConfig } from '../config.js'
import type { PeerRules } from './peer-rules.js'

/**
 * Who may connect: the white and black lists of the configuration, and what the operator blocks and protects while we
 * run. The white list takes whole multiaddrs (the peer id at their end counts) or bare ids, the black list ids, as the
 * operators' own fork had it.
 */
export class PeerGate {
  readonly #white: ReadonlySet<string>
  readonly #black: ReadonlySet<string>
  readonly #onlyWhite: boolean
  readonly #seats: number

  constructor(
    config: ProviderConfig['libp2p'],
    private readonly rules: PeerRules,
  ) {
    this.#white = new Set(config.whitelist_peers.map((text) => text.split('/').at(-1) ?? ''))
    this.#black = new Set(config.blacklist_peers)
    this.#onlyWhite = config.only_white_peer
    this.#seats = config.max_connections
  }

  /** Whether the configuration lets this peer in, whatever else is said. */
  alwaysAdmits(peerId: string): boolean {
    return this.#white.has(peerId)
  }

  /** Whether we deal with this peer. The white list wins. */
  admits(peerId: string): boolean {
    if (this.#white.has(peerId)) return true
    return !this.#onlyWhite && !this.#black.has(peerId) && !this.rules.blocksPeer(peerId)
  }

  /**
   * The same as libp2p asks it: at dialling, once the peer has proved who it is, and again when it is multiplexed.
   * Addresses are asked about before anything is read from them.
   * @param open connections there are now
   */
  gater(open: () => readonly Connection[]): ConnectionGater {
    const denies = (peer: PeerId) => !this.admits(peer.toString())
    const deniesAddress = (address: Multiaddr) => {
      const ip = ipOf(address)
      return ip !== undefined && this.rules.blocksIp(ip)
    }
    return {
      // libp2p's own default refuses private addresses; which addresses may be dialled is the transfer guard's matter.
      denyDialMultiaddr: deniesAddress,
      denyDialPeer: denies,
      denyInboundConnection: ({ remoteAddr }: MultiaddrConnection) => deniesAddress(remoteAddr),
      denyInboundEncryptedConnection: (peer) => denies(peer) || !this.#hasSeat(peer.toString(), open()),
      denyInboundUpgradedConnection: denies,
      denyOutboundUpgradedConnection: denies,
    }
  }

  /** The last seats are kept for protected peers that are not here: a flood of strangers must not shut them out. */
  #hasSeat(peerId: string, open: readonly Connection[]): boolean {
    const protectedPeers = this.rules.protectedPeers()
    if (protectedPeers.length === 0 || protectedPeers.includes(peerId) || this.#white.has(peerId)) return true
    const here = new Set(open.map(({ remotePeer }) => remotePeer.toString()))
    const away = protectedPeers.filter((id) => !here.has(id)).length
    return open.length < this.#seats - Math.min(away, Math.floor(this.#seats / 2))
  }
}

/** The IP address at the start of a multiaddr. */
export function ipOf(address: Multiaddr): string | undefined {
  const [host] = address.getComponents()
  if (host?.value === undefined || (host.name !== 'ip4' && host.name !== 'ip6')) return undefined
  return host.value.split('%')[0]
}
