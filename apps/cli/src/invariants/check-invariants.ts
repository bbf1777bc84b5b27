import { checkDeals } from './check-deals.js'
import { checkEffects } from './check-effects.js'
import { checkFiles } from './check-files.js'
import { checkLimits } from './check-limits.js'
import { checkNonces } from './check-nonces.js'
import { checkSectorNumbers } from './check-sector-numbers.js'
import { checkSettled } from './check-settled.js'
import type { Facts } from './facts.js'
import type { Promised, Report, Violation } from './violation.js'

const rooms: readonly (readonly [Promised, (facts: Facts, report: Report) => void])[] = [
  ['P1', checkDeals],
  ['P2', checkNonces],
  ['P3', checkSectorNumbers],
  ['P4', checkEffects],
  ['P5', checkLimits],
  ['P7', checkFiles],
]

/** All promises over one reading. Pure: what is broken is said with its rows, nothing is thrown but a programmer's mistake. */
export function checkInvariants(facts: Facts, o: { settled: boolean }): Violation[] {
  const found: Violation[] = []
  for (const [promise, check] of o.settled ? [...rooms, ['settled', checkSettled] as const] : rooms) {
    check(facts, (rule, text, ...rows) => found.push({ promise, rule, text, rows }))
  }
  return found
}
