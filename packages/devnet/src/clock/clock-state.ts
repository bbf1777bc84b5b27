import type { ClockSettings } from './clock-settings.js'

/** What the clock remembers. Plain JSON: it is written with every block, and while holding, every look. */
export interface ClockState {
  /** When the last epoch was made, on the caller's monotonic scale. Unit: ms. */
  readonly lastStepMs: number
  /** When the clock last looked while it was waiting for somebody; undefined when it was not. Unit: ms. */
  readonly waitingSinceMs?: number
  /** Wall time already spent on each owed deadline (`miner/close`). Unit: ms. */
  readonly held: Readonly<Record<string, number>>
  /** Wall time spent waiting for followers since they last caught up. Unit: ms. */
  readonly followerWaitMs: number
  /** Epochs asked for by `advance` and not made yet. */
  readonly advance?: { readonly remaining: number; readonly force: boolean }
}

export function startClock(nowMs: number): ClockState {
  return { lastStepMs: nowMs, held: {}, followerWaitMs: 0 }
}

/**
 * Takes a stored clock up again. What holds have used up stays used up; the time the process was away is not
 * counted, neither as waiting (nobody could have answered) nor as epochs missed (the chain never catches up).
 */
export function resumeClock(stored: ClockState, nowMs: number): ClockState {
  return { held: stored.held, advance: stored.advance, followerWaitMs: 0, lastStepMs: nowMs }
}

/** Asks for `epochs` more, added to what is still outstanding. With `force`, holds are not honoured. */
export function requestAdvance(state: ClockState, epochs: number, force: boolean): ClockState {
  const remaining = (state.advance?.remaining ?? 0) + epochs
  return { ...state, advance: { remaining, force: force || (state.advance?.force ?? false) } }
}

/** Notes that `epochs` epochs were made, ending at `nowMs`; forgets holds whose deadline has closed. */
export function stepped(state: ClockState, headEpoch: number, epochs: number, nowMs: number): ClockState {
  const remaining = (state.advance?.remaining ?? 0) - epochs
  const advance = state.advance === undefined || remaining <= 0 ? undefined : { ...state.advance, remaining }
  return {
    lastStepMs: nowMs,
    held: forgetClosed(state.held, headEpoch),
    followerWaitMs: state.followerWaitMs,
    ...(state.waitingSinceMs === undefined ? {} : { waitingSinceMs: state.waitingSinceMs }),
    ...(advance === undefined ? {} : { advance }),
  }
}

function forgetClosed(held: ClockState['held'], headEpoch: number): ClockState['held'] {
  let kept: Record<string, number> | undefined
  for (const key of Object.keys(held)) {
    if (closeOf(key) > headEpoch) continue
    kept ??= { ...held }
    delete kept[key]
  }
  return kept ?? held
}

export function holdKey(miner: string, close: number): string {
  return `${miner}/${close}`
}

function closeOf(key: string): number {
  return Number(key.slice(key.lastIndexOf('/') + 1))
}

/** What one look may count as waiting: more means the process was stopped or the host slept. Unit: ms. */
export function countableWaitMs(settings: ClockSettings): number {
  return Math.max(5_000, 2 * settings.blockDelayMs)
}
