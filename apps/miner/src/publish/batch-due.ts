/** A deal that waits to be published. */
export interface QueuedDeal {
  readonly queuedMs: number
  readonly startEpoch: number
}

export interface BatchRules {
  /** A batch of this many goes at once. */
  readonly maxDeals: number
  /** The oldest deal waits no longer than this. Unit: ms. */
  readonly periodMs: number
  /** A deal whose start is nearer than this many epochs does not wait at all. */
  readonly pressureEpochs: number
}

/** Why a batch should go now, or undefined while it may still grow. `publishNowMs`: the operator lets no deal wait that was queued by then. */
export function batchDue(
  deals: readonly QueuedDeal[],
  now: number,
  headEpoch: number,
  rules: BatchRules,
  publishNowMs = Number.NEGATIVE_INFINITY,
): 'full' | 'period' | 'start epoch' | 'operator' | undefined {
  if (deals.length === 0) return undefined
  if (deals.some(({ queuedMs }) => queuedMs <= publishNowMs)) return 'operator'
  if (deals.length >= rules.maxDeals) return 'full'
  if (deals.some(({ startEpoch }) => startEpoch - headEpoch <= rules.pressureEpochs)) return 'start epoch'
  if (deals.some(({ queuedMs }) => now - queuedMs >= rules.periodMs)) return 'period'
  return undefined
}
