/** Source: filecoin-project/boost@v2.5.2 storagemarket/lp2pimpl/net.go:41. */
export const statusProtocol = '/fil/storage/status/1.2.0'

/**
 * Longest status request we read: a uuid and a signature.
 * Unit: bytes. Source: ours; the two fields take at most 250 bytes, unknown keys may add a little.
 */
export const maxStatusRequestBytes = 4096

/**
 * Longest status answer a client reads.
 * Unit: bytes. Source: three texts of at most 8192 bytes (cbor-gen MaxLength), one proposal, the rest under 1 KiB.
 */
export const maxStatusResponseBytes = 64 * 1024

/**
 * The names a client's `deal-status` understands, in the order a deal reaches them; their place is their number.
 * Source: filecoin-project/boost@v2.5.2 storagemarket/types/dealcheckpoints/checkpoints.go.
 */
export const checkpoints = [
  'Accepted',
  'Transferred',
  'Published',
  'PublishConfirmed',
  'AddedPiece',
  'IndexedAndAnnounced',
  'Complete',
] as const
