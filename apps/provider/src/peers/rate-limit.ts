/** Peers remembered at most; the one unheard of for longest is forgotten. */
const maxPeers = 10_000

/** A token bucket for each peer: `perSecond` on average, `burst` at once. */
export class RateLimit {
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>()

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
  ) {}

  /** Takes one token of a peer's; false when it has none left. `nowMs`: unix ms. */
  take(peer: string, nowMs: number): boolean {
    const known = this.#buckets.get(peer) ?? { tokens: this.burst, atMs: nowMs }
    const earned = (Math.max(0, nowMs - known.atMs) / 1000) * this.perSecond
    const tokens = Math.min(this.burst, known.tokens + earned)
    const allowed = tokens >= 1
    // Re-inserting keeps the map in the order in which peers were last heard of.
    this.#buckets.delete(peer)
    this.#buckets.set(peer, { tokens: allowed ? tokens - 1 : tokens, atMs: nowMs })
    if (this.#buckets.size > maxPeers) this.#buckets.delete(this.#buckets.keys().next().value ?? '')
    return allowed
  }
}
