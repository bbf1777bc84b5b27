/**
 * How a devnet's clock behaves. `auto` reads the chain's own state and hurries or waits by it, `wall` follows
 * wall time and never waits, `manual` moves only by `advance`.
 */
export type ClockMode = 'auto' | 'wall' | 'manual'

export interface ClockSettings {
  readonly mode: ClockMode
  /** One ordinary epoch. Unit: ms of wall time. The chain's `BlockDelaySecs` is this, in seconds. */
  readonly blockDelayMs: number
  /**
   * The least wall time between two epochs of a rush while somebody follows the heads. Unit: ms; at most 5.
   * Without followers a rush does not wait at all.
   */
  readonly rushIntervalMs: number
  /** The most wall time spent waiting for the PoSts of one miner's deadline, over all restarts. Unit: ms. */
  readonly holdLimitMs: number
  /** The most wall time the chain waits for a follower that has stopped reading. Unit: ms. */
  readonly followerPatienceMs: number
  /** Epochs of confidence a seed is taken at: a rush for a precommit ends here. Unit: epochs. */
  readonly seedConfidence: number
}

export const defaultClockSettings: ClockSettings = {
  mode: 'auto',
  blockDelayMs: 1_000,
  rushIntervalMs: 0,
  holdLimitMs: 600_000,
  followerPatienceMs: 10_000,
  seedConfidence: 6,
}

/**
 * A hold begins this many epochs before Close. Messages that are not the owed PoSt may still use some of
 * them (a top-up, a fee bump, somebody's deal), one epoch at a time. Unit: epochs.
 */
export const holdBeforeCloseEpochs = 5

/**
 * The last head from which a PoSt can still land: the next block is Close - 1, the last one inside the deadline.
 * Nothing but the PoSt itself moves the chain from here. Unit: epochs.
 */
export const lastHoldEpochs = 2

/**
 * A message keeps the chain rushing until its landing is believed: 10 epochs of confidence for a publication,
 * one for its receipt, one to spare. Unit: epochs.
 */
export const youngMessageEpochs = 12

/**
 * No rush may carry a published deal to its start, or a precommit to its expiry, faster than by ticks: within
 * this distance the chain ticks. Unit: epochs (15 minutes of ticks at 1 s).
 */
export const rushGuardEpochs = 900

/** How soon a waiting clock looks again when nothing wakes it. Unit: ms. */
export const lookAgainMs = 500
