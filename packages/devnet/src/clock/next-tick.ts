import type { ChainView, OwedPost } from './chain-view.js'
import {
  type ClockSettings,
  holdBeforeCloseEpochs,
  lastHoldEpochs,
  lookAgainMs,
  rushGuardEpochs,
  youngMessageEpochs,
} from './clock-settings.js'
import { type ClockState, countableWaitMs, holdKey } from './clock-state.js'

/** Why the clock does what it does; shown by `devnet info`. */
export type ClockReason =
  | 'tick'
  | 'message-pooled'
  | 'message-young'
  | 'seed-awaited'
  | 'sector-to-prove'
  | 'advance'
  | 'wall'
  | 'post-owed'
  | 'post-pooled'
  | 'follower-behind'
  | 'manual'

/** Whom the clock waits for, and how much of the stated time is used. */
export interface WaitingFor {
  readonly miner: string
  readonly deadline: number
  readonly partitions: readonly number[]
  readonly close: number
  readonly usedMs: number
  readonly limitMs: number
}

export interface ClockDecision {
  /** `step`: make the next epoch now. `wait`: its time has not come. `hold`: somebody owes a PoSt. */
  readonly action: 'step' | 'wait' | 'hold'
  /** When to look again unless the pool or an `advance` wakes the clock; 0 with `step`. Unit: ms. */
  readonly delayMs: number
  readonly reason: ClockReason
  readonly waitingFor: readonly WaitingFor[]
  /** Whether this epoch is part of a rush: its block may be made durable together with the next ones. */
  readonly rush: boolean
  /** Null rounds before the next block; only clock `wall` asks for them, when the wall has run ahead. */
  readonly nullRounds: number
  /** The clock's next state; to be stored before anything else is done. */
  readonly state: ClockState
}

/**
 * What the chain does next: hold, step or wait. A pure function of the clock's state, the chain's own state and
 * a monotonic `nowMs`. Holds come before everything else, then followers, then the reasons to rush, then the tick.
 */
export function nextTick(
  settings: ClockSettings,
  stored: ClockState,
  view: ChainView,
  nowMs: number,
): ClockDecision {
  if (settings.mode === 'wall') return wallTick(settings, stored, view)

  const honoured = stored.advance?.force !== true
  const due = honoured ? heldBack(view) : none
  const state = account(settings, stored, due, view, nowMs)
  const blocking = due.filter((post) => used(state, post) < settings.holdLimitMs)
  if (blocking.length > 0) {
    if (view.includable > 0 && mayStepInHold(view, blocking)) {
      return step(state, 'post-pooled')
    }
    const left = Math.min(...blocking.map((post) => settings.holdLimitMs - used(state, post)))
    return {
      action: 'hold',
      delayMs: Math.max(1, Math.min(lookAgainMs, left)),
      reason: 'post-owed',
      waitingFor: blocking.map((post) => ({
        miner: post.miner,
        deadline: post.deadline,
        partitions: post.partitions,
        close: post.close,
        usedMs: used(state, post),
        limitMs: settings.holdLimitMs,
      })),
      rush: false,
      nullRounds: 0,
      state: { ...state, waitingSinceMs: nowMs },
    }
  }

  const reason = rushReason(settings, state, view)
  const sinceStep = nowMs - state.lastStepMs
  if (reason === undefined) {
    if (settings.mode === 'manual') return wait(state, lookAgainMs, 'manual')
    return sinceStep >= settings.blockDelayMs
      ? step(state, 'tick')
      : wait(state, settings.blockDelayMs - sinceStep, 'tick')
  }

  if (view.followers.behind > 0 && state.followerWaitMs < settings.followerPatienceMs) {
    // A rush is never faster than its followers read heads; one that has stopped reading only makes it a walk.
    if (sinceStep >= settings.blockDelayMs) return step(state, reason)
    return {
      ...wait(state, Math.min(2, settings.blockDelayMs - sinceStep), 'follower-behind'),
      state: { ...state, waitingSinceMs: nowMs },
    }
  }
  const interval = view.followers.count > 0 ? settings.rushIntervalMs : 0
  if (sinceStep < interval) return wait(state, interval - sinceStep, reason)
  return { ...step(state, reason), rush: view.includable === 0 }
}

const none: readonly OwedPost[] = []

function heldBack(view: ChainView): readonly OwedPost[] {
  if (view.owed.length === 0) return none
  return view.owed.filter(
    (post) => view.headEpoch >= post.close - holdBeforeCloseEpochs && view.headEpoch < post.close - 1,
  )
}

function used(state: ClockState, post: OwedPost): number {
  return state.held[holdKey(post.miner, post.close)] ?? 0
}

/** A pooled message steps one epoch; the last step inside the deadline is kept for the PoSts themselves. */
function mayStepInHold(view: ChainView, blocking: readonly OwedPost[]): boolean {
  return blocking.every((post) => post.answered || view.headEpoch < post.close - lastHoldEpochs)
}

/** Adds the time since the last look to whatever was being waited for then. */
function account(
  settings: ClockSettings,
  stored: ClockState,
  due: readonly OwedPost[],
  view: ChainView,
  nowMs: number,
): ClockState {
  const { waitingSinceMs, ...rest } = stored
  const caughtUp = view.followers.behind === 0
  if (waitingSinceMs === undefined) {
    return caughtUp && stored.followerWaitMs > 0 ? { ...rest, followerWaitMs: 0 } : stored
  }
  const elapsed = Math.min(Math.max(0, nowMs - waitingSinceMs), countableWaitMs(settings))
  if (due.length === 0) {
    return { ...rest, followerWaitMs: caughtUp ? 0 : stored.followerWaitMs + elapsed }
  }
  const held = { ...stored.held }
  for (const post of due) {
    const key = holdKey(post.miner, post.close)
    held[key] = Math.min(settings.holdLimitMs, (held[key] ?? 0) + elapsed)
  }
  return { ...rest, held }
}

function rushReason(settings: ClockSettings, state: ClockState, view: ChainView): ClockReason | undefined {
  if (state.advance !== undefined) return 'advance'
  if (settings.mode === 'manual') return undefined
  const head = view.headEpoch
  if (
    view.nearestLoss !== undefined &&
    view.nearestLoss > head &&
    head + rushGuardEpochs >= view.nearestLoss
  ) {
    return undefined
  }
  if (view.includable > 0) return 'message-pooled'
  if (view.lastMessageEpoch !== undefined && head < view.lastMessageEpoch + youngMessageEpochs) {
    return 'message-young'
  }
  if (view.lastSeedEpoch !== undefined && head <= view.lastSeedEpoch + settings.seedConfidence) {
    return 'seed-awaited'
  }
  if (view.unactivatedDeals === 0 && view.sectorsToProve > 0) return 'sector-to-prove'
  return undefined
}

/** How far the wall may be ahead before rounds are skipped rather than made up for. Unit: epochs. */
const wallGraceEpochs = 5

function wallTick(settings: ClockSettings, state: ClockState, view: ChainView): ClockDecision {
  const behind = view.wallEpoch - view.headEpoch
  if (behind <= 0) return wait(state, Math.max(1, Math.min(lookAgainMs, settings.blockDelayMs / 4)), 'wall')
  return { ...step(state, 'wall'), nullRounds: behind > wallGraceEpochs ? behind - 1 : 0 }
}

function step(state: ClockState, reason: ClockReason): ClockDecision {
  return { action: 'step', delayMs: 0, reason, waitingFor: [], rush: false, nullRounds: 0, state }
}

function wait(state: ClockState, delayMs: number, reason: ClockReason): ClockDecision {
  return { action: 'wait', delayMs, reason, waitingFor: [], rush: false, nullRounds: 0, state }
}
