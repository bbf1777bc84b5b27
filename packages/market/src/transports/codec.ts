import { array, bytes, type Codec, field, map, text } from '@sealane/actors'

/** One way to retrieve, and where. Addresses are binary multiaddrs. */
export interface RetrievalTransport {
  /** `libp2p`, `http`, `bitswap`. */
  readonly name: string
  readonly addresses: readonly Uint8Array[]
}

export interface RetrievalTransports {
  readonly protocols: readonly RetrievalTransport[]
}

const retrievalTransport: Codec<RetrievalTransport> = map({
  name: field('Name', text),
  addresses: field('Addresses', array(bytes)),
})

/**
 * The one message of the protocol: the provider writes it as soon as the stream opens; the client writes nothing.
 * Source: filecoin-project/boost@v2.5.2 retrievalmarket/types/transports.ipldsch.
 */
export const retrievalTransports: Codec<RetrievalTransports> = map({
  protocols: field('Protocols', array(retrievalTransport)),
})
