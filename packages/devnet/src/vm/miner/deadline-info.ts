import { policy } from '../policy.js'

/** A deadline's window as seen from an epoch. Epochs; `close` is the first epoch that is too late. */
export interface DeadlineInfo {
  currentEpoch: number
  periodStart: number
  index: number
  open: number
  close: number
  challenge: number
  faultCutoff: number
}

/** A deadline of the proving period that starts at `periodStart`. */
export function deadlineAt(periodStart: number, index: number, currentEpoch: number): DeadlineInfo {
  const open = periodStart + index * policy.challengeWindow
  return {
    currentEpoch,
    periodStart,
    index,
    open,
    close: open + policy.challengeWindow,
    challenge: open - policy.challengeLookback,
    faultCutoff: open - policy.faultDeclarationCutoff,
  }
}

/** The deadline open at `epoch`. `seed` is the start of any proving period of the miner: only its offset counts. */
export function currentDeadline(seed: number, epoch: number): DeadlineInfo {
  const periodStart = currentPeriodStart(seed, epoch)
  return deadlineAt(periodStart, Math.floor((epoch - periodStart) / policy.challengeWindow), epoch)
}

/** Start of the proving period that `epoch` lies in. */
export function currentPeriodStart(seed: number, epoch: number): number {
  const into = (((epoch - seed) % policy.provingPeriod) + policy.provingPeriod) % policy.provingPeriod
  return epoch - into
}

/** The next window of a deadline that is not over yet. */
export function nextNotElapsed(info: DeadlineInfo): DeadlineInfo {
  if (info.currentEpoch < info.close) return info
  const periods = 1 + Math.floor((info.currentEpoch - info.close) / policy.provingPeriod)
  return deadlineAt(info.periodStart + periods * policy.provingPeriod, info.index, info.currentEpoch)
}

/** Whether sectors may still be added to a deadline: its next window opens more than a window from now. */
export function isMutable(seed: number, index: number, epoch: number): boolean {
  const next = nextNotElapsed(deadlineAt(currentPeriodStart(seed, epoch), index, epoch))
  return epoch < next.open - policy.challengeWindow
}

/** The last epoch of deadline `index` at or after `epoch`: where the chain rounds expirations up to. */
export function quantizeToDeadline(seed: number, index: number, epoch: number): number {
  return quantizeUp(epoch, policy.provingPeriod, deadlineAt(seed, index, 0).close - 1)
}

/** The first epoch at or after `epoch` that is `offset` modulo `unit`. */
export function quantizeUp(epoch: number, unit: number, offset: number): number {
  const behind = (((offset - epoch) % unit) + unit) % unit
  return epoch + behind
}
