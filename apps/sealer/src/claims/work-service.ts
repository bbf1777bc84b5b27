import type { Log } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import type { Kysely } from 'kysely'
import type { HomeFacts } from '../events/home-facts.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb } from '../sealer-db.js'
import { claimTask } from './claim-task.js'
import { completeTask } from './complete-task.js'
import { releaseClaim, renewClaim } from './end-claim.js'
import { HEARTBEAT_MS } from './lease.js'
import { claimUnseal, completeUnseal, isUnseal, releaseUnseal } from './unseal-claims.js'

export interface WorkTools {
  db: Kysely<SealerDb>
  store: SectorStore
  facts: HomeFacts
  now: () => number
  /** Look at this sector now. */
  nudge: (sectorNumber: number) => void
  version: string
  log: Log
}

/** sealane.work.v1 as the coordinator serves it, for the seal.* queues. */
export function workService(tools: WorkTools): workV1.WorkServiceImplementation {
  const { db, store, facts, now, nudge, log } = tools
  return {
    async register(request) {
      const miner = facts.miner
      const answer = {
        miner: miner?.address ?? '',
        networkName: miner?.networkName ?? '',
        sectorSize: miner?.sectorSizeBytes ?? 0,
        keySetDigest: miner?.keySetDigest ?? '',
        heartbeatMs: HEARTBEAT_MS,
        refusal: '',
      }
      if (request.version !== tools.version) {
        const refusal = `worker version ${request.version}, coordinator version ${tools.version}: install the same on both`
        return { ...answer, refusal }
      }
      await seen(db, request, now())
      log.info('worker registered', {
        worker: request.workerId,
        host: request.hostname,
        tasks: request.tasks,
      })
      await wakeWaiting(db, now(), nudge)
      return answer
    },
    async claim(request) {
      if (request.task === 'unseal') return await claimUnseal(request, db, facts)
      return await claimTask(request, db, facts, now)
    },
    async heartbeat(request) {
      if (request.claimId !== '') return { valid: await renewClaim(request, store, now) }
      const idle = request.stage === ''
      const known = await db
        .updateTable('workers')
        .set({
          last_seen_ms: now(),
          stage: idle ? null : request.stage,
          fraction: idle ? null : request.fraction,
        })
        .where('worker_id', '=', request.workerId)
        .executeTakeFirst()
      // Unknown after a restore: it registers again.
      return { valid: known.numUpdatedRows === 1n }
    },
    async complete(request) {
      if (isUnseal(request.claimId)) return await completeUnseal(request, db)
      const { sectorNumber, ...answer } = await completeTask(request, store, now)
      if (sectorNumber !== undefined) nudge(sectorNumber)
      if (!answer.accepted) log.warn('result refused', { claim: request.claimId, reason: answer.reason })
      return answer
    },
    async release(request) {
      if (isUnseal(request.claimId)) {
        await releaseUnseal(request, db)
        return {}
      }
      const sectorNumber = await releaseClaim(request, store, now)
      if (sectorNumber !== undefined) nudge(sectorNumber)
      return {}
    },
  }
}

async function seen(db: Kysely<SealerDb>, request: workV1.RegisterRequest, nowMs: number): Promise<void> {
  const row = {
    hostname: request.hostname,
    version: request.version,
    prover: request.prover,
    tasks: JSON.stringify(request.tasks),
    concurrency: JSON.stringify(request.concurrency),
    paths: JSON.stringify(
      request.paths.map(({ id, canSeal, canStore, freeBytes }) => ({ id, canSeal, canStore, freeBytes })),
    ),
    last_seen_ms: nowMs,
    stage: null,
    fraction: null,
  }
  await db
    .insertInto('workers')
    .values({ worker_id: request.workerId, ...row })
    .onConflict((conflict) => conflict.column('worker_id').doUpdateSet(row))
    .execute()
}

/** Sectors that waited for a worker to exist are looked at when one comes. */
async function wakeWaiting(
  db: Kysely<SealerDb>,
  nowMs: number,
  nudge: (sectorNumber: number) => void,
): Promise<void> {
  const waiting = await db
    .selectFrom('sectors')
    .select('sector_number')
    .where('state', 'in', ['PreCommit1', 'PreCommit2', 'Commit1', 'Commit2', 'FinalizeSector'])
    .limit(1000)
    .execute()
  for (const { sector_number } of waiting) {
    await db
      .updateTable('sectors')
      .set({ wake_at: nowMs })
      .where('sector_number', '=', sector_number)
      .execute()
    nudge(sector_number)
  }
}
