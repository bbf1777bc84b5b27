import type { Brand } from './brand.js'
import { formatDurationInWords } from './duration.js'
import { UnitsError } from './units-error.js'

/** A height on the chain, or a number of epochs. Negative values occur: a ticket drawn before genesis. */
export type ChainEpoch = Brand<number, 'ChainEpoch'>

/** Checks that this is a whole number that a double holds exactly. @throws UnitsError EPOCH_INVALID */
export function epoch(n: number): ChainEpoch {
  if (!Number.isSafeInteger(n)) throw new UnitsError('EPOCH_INVALID', `not an epoch: ${n}`)
  return (n === 0 ? 0 : n) as ChainEpoch
}

/** When a network's epochs are: Unix seconds of epoch 0, and seconds from one epoch to the next. */
export interface EpochClock {
  genesisTimeSeconds: number
  blockDelaySeconds: number
}

/** Unix seconds at which an epoch begins. */
export function epochToUnixSeconds(clock: EpochClock, at: ChainEpoch): number {
  return clock.genesisTimeSeconds + at * clock.blockDelaySeconds
}

/** The epoch that is running at a Unix time (seconds); before genesis, a negative one. */
export function unixSecondsToEpoch(clock: EpochClock, unixSeconds: number): ChainEpoch {
  return epoch(Math.floor((unixSeconds - clock.genesisTimeSeconds) / clock.blockDelaySeconds))
}

/**
 * `5000120 (in 1 hour)`, `4999985 (7 minutes 30 seconds ago)`, `5000000 (now)`: an epoch as lotus prints it, seen from
 * the epoch `now`. Source: filecoin-project/lotus cli/util/epoch.go (EpochTime).
 */
export function formatEpochTime(now: ChainEpoch, at: ChainEpoch, blockDelaySeconds: number): string {
  if (at === now) return `${at} (now)`
  const words = formatDurationInWords(Math.abs(at - now) * blockDelaySeconds * 1000, 2)
  return at < now ? `${at} (${words} ago)` : `${at} (in ${words})`
}
