/** Workers get at least this long to read, however late it is: half a proof beats none. Unit: ms. */
export const LEAST_BUDGET_MS = 15_000
/** Epochs before Close in which the chain's clock no longer keeps us waiting. */
const LATE_EPOCHS = 10

/**
 * How long vanilla proofs are waited for, ms of wall time: as configured, or half the challenge window; half of what is left when
 * reading begins late.
 */
export function vanillaBudgetMs(o: {
  configuredMs: number | undefined
  windowEpochs: number
  /** From the head to Close. */
  epochsLeft: number
  blockDelayMs: number
}): number {
  const wanted = o.configuredMs ?? (o.windowEpochs * o.blockDelayMs) / 2
  const late = (Math.max(0, o.epochsLeft) * o.blockDelayMs) / 2
  return Math.round(Math.max(Math.min(wanted, late), Math.min(wanted, LEAST_BUDGET_MS)))
}

/**
 * Whether the budget is used up. Both clocks must agree, wall and chain: a chain that stands still takes nothing away from us, and one
 * that runs ahead of its block delay leaves workers their time. Near Close the wall decides alone.
 */
export function budgetSpent(o: {
  budgetMs: number
  elapsedMs: number
  startEpoch: number
  headEpoch: number
  close: number
  blockDelayMs: number
}): boolean {
  if (o.elapsedMs < o.budgetMs) return false
  const byEpoch = Math.min(o.startEpoch + Math.floor(o.budgetMs / o.blockDelayMs), o.close - LATE_EPOCHS)
  return o.headEpoch >= byEpoch
}

/**
 * The budget in place of one that brought less than half of a partition: half of what is left to Close more. Undefined when the rest is
 * needed for the proof itself.
 */
export function longerBudgetMs(o: {
  elapsedMs: number
  /** From the head to Close. */
  epochsLeft: number
  blockDelayMs: number
}): number | undefined {
  if (o.epochsLeft <= 2 * LATE_EPOCHS) return undefined
  return Math.round(o.elapsedMs + (o.epochsLeft * o.blockDelayMs) / 2)
}
