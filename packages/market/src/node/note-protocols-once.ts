import type { Libp2p, Peer } from '@libp2p/interface'

/**
 * Has libp2p note once for a connected peer that it speaks a protocol. By itself it does so for every stream, under a
 * lock of that peer and through the whole record of it: at hundreds of exchanges a second that costs as much as the
 * exchanges' own bytes.
 */
export function noteProtocolsOnce(host: Libp2p): void {
  const { peerStore } = host
  const merge = peerStore.merge.bind(peerStore)
  const noted = new Map<string, Map<string, Peer>>()
  peerStore.merge = async (id, data, options) => {
    const [protocol, ...more] = data.protocols ?? []
    if (protocol === undefined || more.length > 0 || Object.keys(data).length > 1)
      return await merge(id, data, options)
    const of = noted.get(id.toString())
    const known = of?.get(protocol)
    if (known !== undefined) return known
    const peer = await merge(id, data, options)
    if (of !== undefined) of.set(protocol, peer)
    else if (host.getConnections(id).length > 0) noted.set(id.toString(), new Map([[protocol, peer]]))
    return peer
  }
  host.addEventListener('peer:disconnect', ({ detail }) => noted.delete(detail.toString()))
}
