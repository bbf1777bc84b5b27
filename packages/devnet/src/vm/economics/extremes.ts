/** The smallest of some big integers. */
export function least<T extends bigint>(first: T, ...others: readonly T[]): T {
  let best = first
  for (const next of others) if (next < best) best = next
  return best
}
