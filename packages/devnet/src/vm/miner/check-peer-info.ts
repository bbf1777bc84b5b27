import { policy } from '../policy.js'
import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'

/** Peer id and multiaddresses must fit the chain's limits. */
export function checkPeerInfo(peerId: Uint8Array, multiaddrs: readonly Uint8Array[]): void {
  if (peerId.length > policy.peerIdMaxBytes) {
    const limit = policy.peerIdMaxBytes
    abort(exitCode.illegalArgument, `peer ID size of ${peerId.length} exceeds maximum size of ${limit}`)
  }
  if (multiaddrs.some((multiaddr) => multiaddr.length === 0)) {
    abort(exitCode.illegalArgument, 'invalid empty multiaddr')
  }
  const total = multiaddrs.reduce((sum, multiaddr) => sum + multiaddr.length, 0)
  if (total > policy.multiaddrsMaxBytes) {
    abort(
      exitCode.illegalArgument,
      `multiaddr size of ${total} exceeds maximum of ${policy.multiaddrsMaxBytes}`,
    )
  }
}
