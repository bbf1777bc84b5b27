/**
 * The deal protocol's two names. One message shape serves both: today's clients send the 1.2.1 message on 1.2.0 streams.
 * Source: filecoin-project/boost@v2.5.2 storagemarket/lp2pimpl/net.go:38-40, cmd/boost/deal_cmd.go:272-283.
 */
export const dealProtocols = ['/fil/storage/mk/1.2.1', '/fil/storage/mk/1.2.0'] as const

/**
 * Longest deal proposal we read.
 * Unit: bytes. Source: ours. Boost reads up to 2 MiB of transfer parameters, but these are one URL and a few headers;
 * the largest proposal ever recorded is under 10 KiB, and every byte read from a stranger is memory.
 */
export const maxDealParamsBytes = 64 * 1024

/**
 * Longest text a peer can read: a longer one cannot be encoded by cbor-gen, nor decoded by a Go client.
 * Unit: bytes of UTF-8. Source: whyrusleeping/cbor-gen MaxLength.
 */
export const maxReasonBytes = 8192

/**
 * Longest answer to a proposal a client reads.
 * Unit: bytes. Source: {@link maxReasonBytes} plus keys and headers.
 */
export const maxDealResponseBytes = maxReasonBytes + 256

/**
 * How long a whole proposal may take to arrive.
 * Unit: milliseconds from the stream's start. Source: filecoin-project/boost@v2.5.2 storagemarket/lp2pimpl/net.go:43.
 */
export const providerReadTimeoutMs = 10_000

/** Unit: milliseconds. Source: filecoin-project/boost@v2.5.2 storagemarket/lp2pimpl/net.go:46. */
export const providerWriteTimeoutMs = 10_000

/**
 * How long a client waits for an answer: our decision must take well less.
 * Unit: milliseconds. Source: filecoin-project/boost@v2.5.2 storagemarket/lp2pimpl/net.go:51.
 */
export const clientReadTimeoutMs = 60_000

/** Unit: milliseconds. Source: filecoin-project/boost@v2.5.2 storagemarket/lp2pimpl/net.go:54. */
export const clientWriteTimeoutMs = 10_000

/**
 * How far above the least provider collateral a proposal may go, as a factor.
 * Source: filecoin-project/boost@v2.5.2 node/config/def.go MaxProviderCollateralMultiplier.
 */
export const maxProviderCollateralFactor = 2n
