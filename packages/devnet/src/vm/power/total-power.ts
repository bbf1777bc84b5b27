import { policy } from '../policy.js'
import type { PowerPair, PowerTables } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'
import { rows } from '../state/rows.js'

/**
 * The network's power: of miners above the minimum, or of all while fewer than four are.
 * Source: builtin-actors power state.rs current_total_power.
 */
export function totalPower(power: DeepReadonly<PowerTables>): PowerPair {
  const claims = rows(power.claims).map(([, claim]) => claim)
  const large = claims.filter((claim) => claim.raw >= policy.minConsensusPower)
  const counted = large.length >= policy.consensusMinerMinMiners ? large : claims
  return {
    raw: counted.reduce((sum, claim) => sum + claim.raw, 0n),
    qa: counted.reduce((sum, claim) => sum + claim.qa, 0n),
  }
}

/** Whether a miner has enough power to win blocks, were blocks won here. */
export function hasMinimumPower(power: DeepReadonly<PowerTables>, miner: number): boolean {
  const raw = power.claims[miner]?.raw ?? 0n
  if (raw >= policy.minConsensusPower) return true
  const large = rows(power.claims).filter(([, claim]) => claim.raw >= policy.minConsensusPower)
  return large.length < policy.consensusMinerMinMiners && raw > 0n
}
