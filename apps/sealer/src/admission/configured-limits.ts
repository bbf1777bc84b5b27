import type { Transaction } from 'kysely'
import { readFact, setFact } from '../facts.js'
import type { SealerDb } from '../sealer-db.js'
import { type LimitChanges, setLimits } from './limits.js'

/**
 * The limits of the configuration at a start. What an operator set while running outlives restarts, crashes too: a key of the
 * configuration counts when it is new or has changed since the last start, and a flag always.
 */
export async function applyConfiguredLimits(
  trx: Transaction<SealerDb>,
  configured: Required<LimitChanges>,
  flagged: readonly string[],
  nowMs: number,
): Promise<void> {
  const before = JSON.parse((await readFact(trx, 'limits-configured')) ?? '{}') as LimitChanges
  const flags: Record<keyof LimitChanges, string> = {
    enableDealSector: 'enable_deal_sector',
    dealConcurrent: 'deal_concurrent',
    totalNum: 'total_num',
  }
  const keys = Object.keys(flags) as (keyof LimitChanges)[]
  const changed = keys.filter((key) => configured[key] !== before[key] || flagged.includes(flags[key]))
  if (changed.length > 0) {
    await setLimits(trx, Object.fromEntries(changed.map((key) => [key, configured[key]])), nowMs)
  }
  await setFact(trx, 'limits-configured', JSON.stringify(configured))
}
