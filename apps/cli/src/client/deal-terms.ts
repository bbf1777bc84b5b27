import type { DeadlineInfo } from '@sealane/chain'
import { type ChainEpoch, epoch } from '@sealane/fil-units'
import { usage } from '../frame/parse-args.js'

/** From the head until a deal starts, when nothing is said: two days, as boost's client. Unit: epochs of 30 s. */
export const defaultStartDelayEpochs = 5760
/** Shortest deal. Unit: epochs, 180 days. Source: builtin-actors runtime/src/runtime/policy.rs. */
export const minDealDurationEpochs = 518_400

/**
 * When a deal starts and ends. `startEpoch` undefined or -1: the default delay from the head. `align`: the end moves to the miner's
 * next proving-period boundary, as lotus did in 2020 (800000 became 801900). Source: S5, S8 of the operator notes.
 * Throws CliError USAGE with lotus' texts.
 */
export function dealEpochs(o: {
  head: number
  startEpoch: number | undefined
  durationEpochs: number
  align: Pick<DeadlineInfo, 'periodStart' | 'wpostProvingPeriod'> | undefined
}): { startEpoch: ChainEpoch; endEpoch: ChainEpoch } {
  if (o.durationEpochs < minDealDurationEpochs) {
    throw usage(`minimum deal duration is ${minDealDurationEpochs} blocks`)
  }
  const start =
    o.startEpoch === undefined || o.startEpoch === -1 ? o.head + defaultStartDelayEpochs : o.startEpoch
  if (start <= o.head) {
    throw usage(
      `deal start epoch ${start} has already elapsed (current epoch: ${o.head}): give a later --start-epoch`,
    )
  }
  const min = start + o.durationEpochs
  if (o.align === undefined) return { startEpoch: epoch(start), endEpoch: epoch(min) }
  const period = o.align.wpostProvingPeriod
  const offset = ((o.align.periodStart % period) + period) % period
  return { startEpoch: epoch(start), endEpoch: epoch(min + period - (min % period) + offset - 1) }
}
