import type { ConnectionGater, PeerId } from '@libp2p/interface'
import type { ProviderConfig } from '../config.js'

/**
 * Who may connect: the operator's white and black lists. The white list takes whole multiaddrs (the peer id at their
 * end counts) or bare ids, the black list ids, as the operators' own fork had it.
 */
export class PeerGate {
  readonly #white: ReadonlySet<string>
  readonly #black: ReadonlySet<string>
  readonly #onlyWhite: boolean

  constructor(config: ProviderConfig['libp2p']) {
    this.#white = new Set(config.whitelist_peers.map((text) => text.split('/').at(-1) ?? ''))
    this.#black = new Set(config.blacklist_peers)
    this.#onlyWhite = config.only_white_peer
  }

  /** Whether we deal with this peer. The white list wins. */
  admits(peerId: string): boolean {
    if (this.#white.has(peerId)) return true
    return !this.#onlyWhite && !this.#black.has(peerId)
  }

  /** The same as libp2p asks it: at dialling, once the peer has proved who it is, and again when it is multiplexed. */
  gater(): ConnectionGater {
    const denies = (peer: PeerId) => !this.admits(peer.toString())
    return {
      // libp2p's own default refuses private addresses; which addresses may be dialled is the transfer guard's matter.
      denyDialMultiaddr: () => false,
      denyDialPeer: denies,
      denyInboundEncryptedConnection: denies,
      denyInboundUpgradedConnection: denies,
      denyOutboundUpgradedConnection: denies,
    }
  }
}
