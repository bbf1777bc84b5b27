import { writing } from '@sealane/sql'
import { type Kysely, sql } from 'kysely'
import { applyConfiguredLimits } from '../admission/configured-limits.js'
import type { Leases } from '../claims/leases.js'
import type { SealerSettings } from '../config.js'
import { readFact, setFact } from '../facts.js'
import type { SealerDb } from '../sealer-db.js'

/**
 * First rows, and a new coordinator epoch: an older coordinator's requests are told from ours, on this machine or another. It follows the
 * clock, so that a database restored from a backup still gets a newer one than the coordinator it forgot. Unit of the epoch: s, at least.
 */
export async function begin(
  db: Kysely<SealerDb>,
  config: SealerSettings,
  leases: Leases,
): Promise<{ coordinatorEpoch: number }> {
  await leases.regrant(db)
  return await writing(db, async (trx) => {
    const nowMs = Date.now()
    const before = Number((await readFact(trx, 'coordinator-epoch')) ?? 0)
    const coordinatorEpoch = Math.max(before + 1, Math.floor(nowMs / 1_000))
    await setFact(trx, 'coordinator-epoch', String(coordinatorEpoch))
    const none = { deal_concurrent: 0, total_num: 0, in_flight_deals: 0, in_flight: 0 }
    await trx
      .insertInto('limits')
      .values({ only_row: 1, enable_deal_sector: 0, ...none })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const { enable_deal_sector, deal_concurrent, total_num } = config.limits
    const configured = {
      enableDealSector: enable_deal_sector,
      dealConcurrent: deal_concurrent,
      totalNum: total_num,
    }
    await applyConfiguredLimits(trx, configured, config.flaggedLimits, nowMs)
    await endUnseals(trx)
    await wakeWorkerStages(trx, nowMs)
    return { coordinatorEpoch }
  })
}

/** Whoever asked for them has gone with the earlier process. */
async function endUnseals(trx: Kysely<SealerDb>): Promise<void> {
  const failure = JSON.stringify({
    code: 'RESTARTED',
    remedy: 'retry',
    text: 'the coordinator restarted: ask again',
  })
  await trx
    .updateTable('unseals')
    .set({ state: 'failed', failure })
    .where('state', '=', sql.lit('queued'))
    .execute()
}

/** A job may have been taken while nobody could grant its claim: whatever nobody has in hand is offered again now. */
async function wakeWorkerStages(trx: Kysely<SealerDb>, nowMs: number): Promise<void> {
  await trx
    .updateTable('sectors')
    .set({ wake_at: nowMs })
    .where('state', 'in', ['PreCommit1', 'PreCommit2', 'Commit1', 'Commit2', 'FinalizeSector'])
    .where('wake_at', '>', nowMs)
    .execute()
}
