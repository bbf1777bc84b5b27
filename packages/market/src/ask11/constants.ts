/** Source: filecoin-project/boost@v2.5.2 storagemarket/types/legacytypes/types.go:33. */
export const askProtocol = '/fil/storage/ask/1.1.0'

/** Unit: bytes. Source: ours; the one field takes at most 72 bytes, unknown keys may add a little. */
export const maxAskRequestBytes = 1024

/** Unit: bytes. Source: ours; two prices of at most 130 bytes, a signature of at most 200, the rest under 1 KiB. */
export const maxAskResponseBytes = 8192

/**
 * Least piece an ask may name.
 * Unit: padded bytes. Source: filecoin-project/lotus@v0.5.0 cmd/lotus-storage-miner/market.go:186.
 */
export const minAskPieceSizeBytes = 256n

/**
 * How long an ask holds unless the operator says otherwise.
 * Unit: epochs. Source: filecoin-project/go-fil-markets@v0.5.7 storedask.go:22-36 (1,000,000 epochs).
 */
export const defaultAskDurationEpochs = 1_000_000
