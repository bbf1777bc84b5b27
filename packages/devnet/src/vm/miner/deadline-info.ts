import {
  type DeadlineInfo,
  deadlineAt,
  deadlineInfo,
  deadlineIsMutable,
  nextNotElapsed,
  provingPeriodStart,
  quantizeUp as quantize,
} from '@sealane/actors'
import { epoch } from '@sealane/fil-units'
import { policy } from '../policy.js'

export type { DeadlineInfo }

/** The deadline open at an epoch. `seed` is the start of any proving period of the miner: only its offset counts. */
export function currentDeadline(seed: number, at: number): DeadlineInfo {
  return deadlineAt(policy, epoch(seed), epoch(at))
}

/** Start of the proving period that an epoch lies in. */
export function currentPeriodStart(seed: number, at: number): number {
  return provingPeriodStart(policy, epoch(seed), epoch(at))
}

/** The next window of a deadline that is not over yet at an epoch. */
export function nextWindow(seed: number, index: number, at: number): DeadlineInfo {
  const periodStart = provingPeriodStart(policy, epoch(seed), epoch(at))
  return nextNotElapsed(policy, deadlineInfo(policy, periodStart, index, epoch(at)))
}

/** Whether sectors may be added to a deadline: its next window opens more than a window from now. */
export function isMutable(seed: number, index: number, at: number): boolean {
  return deadlineIsMutable(policy, provingPeriodStart(policy, epoch(seed), epoch(at)), index, epoch(at))
}

/** The last epoch of deadline `index` at or after an epoch: where the chain rounds expirations up to. */
export function quantizeToDeadline(seed: number, index: number, at: number): number {
  const { close } = deadlineInfo(policy, epoch(seed), index, epoch(0))
  return quantizeUp(at, policy.provingPeriod, close - 1)
}

/** The first epoch at or after `at` that is `offset` modulo `unit`. */
export function quantizeUp(at: number, unit: number, offset: number): number {
  return quantize(epoch(at), { unit: epoch(unit), offset: epoch(offset) })
}
