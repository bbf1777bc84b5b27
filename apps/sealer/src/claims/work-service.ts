import type { Log } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import type { Kysely } from 'kysely'
import type { HomeFacts } from '../events/home-facts.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb } from '../sealer-db.js'
import { claimTask } from './claim-task.js'
import { completeTask } from './complete-task.js'
import { releaseClaim, renewClaim } from './end-claim.js'
import type { Leases } from './leases.js'
import { registerWorker } from './register-worker.js'
import { claimUnseal, completeUnseal, isUnseal, releaseUnseal, renewUnseal } from './unseal-claims.js'

export interface WorkTools {
  db: Kysely<SealerDb>
  store: SectorStore
  facts: HomeFacts
  leases: Leases
  now: () => number
  /** Look at this sector now. */
  nudge: (sectorNumber: number) => void
  /** Look at whatever is due now. */
  look: () => void
  version: string
  log: Log
}

/** sealane.work.v1 as the coordinator serves it, for the seal.* queues. */
export function workService(tools: WorkTools): workV1.WorkServiceImplementation {
  const { db, store, facts, leases, now, nudge, log } = tools
  // A worker asks again every second until there is a miner: one line for each change is enough.
  const told = new Map<string, string>()
  /** Workers with claim directories on paths that a sector does not lie on: they are told so when they register again. */
  const untidy = new Set<string>()
  return {
    async register(request) {
      const { miner } = facts
      const answer = {
        miner: miner?.address ?? '',
        networkName: miner?.networkName ?? '',
        sectorSize: miner?.sectorSizeBytes ?? 0,
        keySetDigest: miner?.keySetDigest ?? '',
        heartbeatMs: leases.heartbeatMs,
        refusal: refusalOf(request, tools),
        retiredClaims: [] as string[],
      }
      if (answer.refusal !== '') return answer
      untidy.delete(request.workerId)
      const { freed, retired } = await registerWorker(request, store, now)
      const { workerId: worker, hostname: host, tasks, session } = request
      const word = JSON.stringify([session, host, tasks, answer.miner])
      if (told.get(worker) !== word)
        log.info('worker registered', { worker, host, tasks, miner: answer.miner })
      told.set(worker, word)
      if (freed.length > 0)
        log.warn('a worker was started anew: its claims are offered again', { worker, freed })
      tools.look()
      return { ...answer, retiredClaims: retired }
    },
    async claim(request) {
      return request.task === 'unseal' ? await claimUnseal(request, tools) : await claimTask(request, tools)
    },
    async heartbeat(request) {
      if (isUnseal(request.claimId)) return { valid: await renewUnseal(request, db, leases) }
      if (request.claimId !== '') return { valid: await renewClaim(request, store, leases) }
      // After a restart of ours nobody is known to be tidy.
      if (!told.has(request.workerId) || untidy.has(request.workerId)) return { valid: false }
      return { valid: await seen(request, db, now()) }
    },
    async complete(request) {
      if (isUnseal(request.claimId)) return await completeUnseal(request, db)
      const { sectorNumber, ...answer } = await completeTask(request, store, now)
      if (sectorNumber !== undefined) {
        nudge(sectorNumber)
        for (const worker of await holdersElsewhere(db, sectorNumber)) untidy.add(worker)
      }
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

/** The hand-shake: what such a worker makes could not be used. */
function refusalOf(request: workV1.RegisterRequest, { version, facts }: WorkTools): string {
  if (request.version !== version) {
    return `worker version ${request.version}, coordinator version ${version}: install the same on both`
  }
  const network = facts.miner?.networkName
  if (request.prover === 'trapdoor' && network !== undefined && !network.startsWith('sealane-devnet-')) {
    return `the trapdoor prover is for development networks, this is ${network}: set prover = "real"`
  }
  return ''
}

/** Workers whose claims of this sector wrote on another storage path than the one it lies on. */
async function holdersElsewhere(db: Kysely<SealerDb>, sectorNumber: number): Promise<string[]> {
  const rows = await db
    .selectFrom('claims')
    .innerJoin('sectors', 'sectors.sector_number', 'claims.sector_number')
    .select('claims.worker_id')
    .distinct()
    .where('claims.sector_number', '=', sectorNumber)
    .where('claims.task', 'in', ['pc1', 'pc2'])
    .where('claims.state', '!=', 'running')
    .whereRef('claims.storage_id', '!=', 'sectors.storage_id')
    .execute()
  return rows.map((row) => row.worker_id)
}

/** The worker itself lives. False: unknown (a restored database), it registers again. */
async function seen(request: workV1.HeartbeatRequest, db: Kysely<SealerDb>, nowMs: number): Promise<boolean> {
  const idle = request.stage === ''
  const known = await db
    .updateTable('workers')
    .set({
      last_seen_ms: nowMs,
      stage: idle ? null : request.stage,
      fraction: idle ? null : request.fraction,
    })
    .where('worker_id', '=', request.workerId)
    .executeTakeFirst()
  return known.numUpdatedRows === 1n
}
