/**
 * The least premium that replaces a pooled message: 1.1 times its own and one more, whatever ratio the pool's
 * configuration states. Source: filecoin-project/lotus chain/messagepool (ReplaceByFeePercentageMinimum).
 */
export function leastReplacement(premium: bigint): bigint {
  return (premium * 110n) / 100n + 1n
}
