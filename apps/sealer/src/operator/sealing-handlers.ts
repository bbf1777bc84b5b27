import type { OperatorHandlers, sealerOperator } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { sql } from 'kysely'
import { readLimits, setLimits } from '../admission/limits.js'
import { WORKER_SILENT_MS } from '../pipeline/worker-queue.js'
import type { OperatorTools } from './operator-tools.js'
import { workerRow } from './rows.js'

type SealingHandlers = Pick<
  OperatorHandlers<typeof sealerOperator>,
  'sealing.jobs' | 'sealing.workers' | 'storage.list' | 'sealing.setLimits' | 'sealing.limitsLog'
>

/** As registerWorker writes it down. */
interface DescribedPath {
  id: string
  canSeal: boolean
  canStore: boolean
  freeBytes: number
}

/** Work in hand, who does it, and how much of it there may be. */
export function sealingHandlers({ store, now, lookAtLine }: OperatorTools): SealingHandlers {
  const { db } = store
  return {
    'sealing.jobs': async () => {
      const claims = await db
        .selectFrom('claims')
        .selectAll()
        .where('state', '=', sql.lit('running'))
        .orderBy('started_ms')
        .execute()
      return claims.map((claim) => ({
        claimId: claim.claim_id,
        sectorNumber: claim.sector_number,
        task: claim.task,
        workerId: claim.worker_id,
        hostname: claim.hostname,
        state: claim.state,
        startedMs: claim.started_ms,
        progress: claim.stage ? { stage: claim.stage, fraction: claim.fraction } : null,
      }))
    },
    'sealing.workers': async () => {
      const workers = await db.selectFrom('workers').selectAll().orderBy('worker_id').execute()
      return workers.map((worker) => workerRow(worker, now() - worker.last_seen_ms < WORKER_SILENT_MS))
    },
    'storage.list': async () => {
      const workers = await db.selectFrom('workers').selectAll().orderBy('worker_id').execute()
      const sectors = await db
        .selectFrom('sectors')
        .select(['sector_number', 'storage_id'])
        .where('storage_id', 'is not', null)
        .orderBy('sector_number')
        .execute()
      return workers.flatMap((worker) => {
        const paths = JSON.parse(worker.paths) as DescribedPath[]
        return paths.map(({ id, canSeal, canStore, freeBytes }) => ({
          storageId: id,
          canSeal,
          canStore,
          freeBytes: String(freeBytes),
          sectors: sectors.filter((row) => row.storage_id === id).map((row) => row.sector_number),
          workerId: worker.worker_id,
          hostname: worker.hostname,
          alive: now() - worker.last_seen_ms < WORKER_SILENT_MS,
        }))
      })
    },
    'sealing.setLimits': async (changes) => {
      await writing(db, (trx) => setLimits(trx, changes, now()))
      lookAtLine()
      return await readLimits(db)
    },
    'sealing.limitsLog': async () => {
      const lines = await db.selectFrom('limits_log').selectAll().orderBy('id').execute()
      return lines.map((line) => ({
        atMs: line.at_ms,
        event: line.event,
        sectorNumber: line.sector_number,
        inFlightDealSectors: line.in_flight_deals,
        dealConcurrent: line.deal_concurrent,
      }))
    },
  }
}
