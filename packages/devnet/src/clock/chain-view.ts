/** A miner's open deadline with live partitions that still owe their PoSt. */
export interface OwedPost {
  readonly miner: string
  readonly deadline: number
  /** First epoch at which the PoSt is too late. */
  readonly close: number
  readonly partitions: readonly number[]
  /** Whether PoSts for all these partitions are pooled and would go into the next block. */
  readonly answered: boolean
}

/** All that the clock knows of the chain, read from the devnet's own state after its head. Epochs throughout. */
export interface ChainView {
  readonly headEpoch: number
  /** The epoch that wall time stands at, counted from the genesis timestamp; only clock `wall` reads it. */
  readonly wallEpoch: number
  /** Pooled messages that the next block would take; those with a nonce gap or too low a fee are not counted. */
  readonly includable: number
  /** Epoch of the newest block that carried a message; undefined when none did. */
  readonly lastMessageEpoch?: number
  /** The latest seed epoch that a live precommit waits for; undefined without precommits. */
  readonly lastSeedEpoch?: number
  /** Published deals, not activated, whose start has not passed. */
  readonly unactivatedDeals: number
  /** The nearest start of such a deal, or expiry of a live precommit. */
  readonly nearestLoss?: number
  /** Sectors never proven yet, or declared recovered, whose deadline has not passed since. */
  readonly sectorsToProve: number
  readonly owed: readonly OwedPost[]
  readonly followers: {
    readonly count: number
    /** Those that have not read the newest head. */
    readonly behind: number
  }
}
