/** Source: filecoin-project/boost@v2.5.2 retrievalmarket/lp2pimpl/transports.go:25. */
export const transportsProtocol = '/fil/retrieval/transports/1.0.0'

/** Longest answer a client reads. Unit: bytes. Source: ours; a few dozen addresses of under 200 bytes. */
export const maxTransportsBytes = 64 * 1024

/** How long the provider may take to write its answer. Unit: milliseconds. Source: as transports.go:29 (10 s). */
export const transportsTimeoutMs = 10_000
