import type { Failure, workV1 } from '@sealane/proto'
import { backoffMs, writing } from '@sealane/sql'
import { sql, type Transaction } from 'kysely'
import { remedyNamed } from '../events/failure-from.js'
import { withoutProof } from '../pipeline/forgotten.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { Claim, SealerDb, Sector } from '../sealer-db.js'
import type { Leases } from './leases.js'

/** First and longest wait before a failed task is offered again. Unit: ms. */
const RETRY = { baseMs: 1_000, capMs: 5 * 60_000 }

/** Keeps a claim alive. False: it is over, the worker must stop and write nothing. */
export async function renewClaim(
  request: workV1.HeartbeatRequest,
  store: SectorStore,
  leases: Leases,
): Promise<boolean> {
  const renewed = await store.db
    .updateTable('claims')
    .set({ expires_ms: leases.end(), stage: request.stage, fraction: request.fraction })
    .where('claim_id', '=', request.claimId)
    .where('worker_id', '=', request.workerId)
    .where('state', '=', sql.lit('running'))
    .executeTakeFirst()
  return renewed.numUpdatedRows === 1n
}

/** A worker gives a claim back: stopping (no code), or with a failure and its remedy. Returns the sector to look at. */
export async function releaseClaim(
  request: workV1.ReleaseRequest,
  store: SectorStore,
  now: () => number,
): Promise<number | undefined> {
  return await writing(store.db, async (trx) => {
    const claim = await trx
      .selectFrom('claims')
      .selectAll()
      .where('claim_id', '=', request.claimId)
      .where('worker_id', '=', request.workerId)
      .where('state', '=', sql.lit('running'))
      .executeTakeFirst()
    if (!claim) return undefined
    const sector = await end(trx, claim, 'released', store)
    if (sector === undefined) return undefined
    if (request.code === '') {
      await store.keep(trx, sector, { nowMs: now(), wakeInMs: 0, waiting: null, failure: null, retry: true })
    } else {
      const { code, remedy, text } = request
      const failure = {
        code,
        remedy: remedyNamed(remedy),
        text: `${claim.task} on ${claim.hostname}: ${text}`,
      }
      await failTask(trx, claim, sector, failure, store, now())
    }
    return claim.sector_number
  })
}

/** What a task's failure does to its sector. */
async function failTask(
  trx: Transaction<SealerDb>,
  claim: Claim,
  sector: Sector,
  failure: Failure,
  store: SectorStore,
  nowMs: number,
): Promise<void> {
  const detail = failure.text
  // `drop`: what the stage before left can never be used; that stage runs again.
  if (claim.task === 'pc2' && failure.remedy === 'drop') {
    await store.move(trx, sector, 'preCommit1Spoiled', {}, { nowMs, detail })
  } else if (claim.task === 'c2' && failure.remedy === 'drop') {
    await store.move(trx, sector, 'commit1Spoiled', withoutProof, { nowMs, detail })
  } else if (failure.remedy === 'hold' || failure.remedy === 'drop') {
    await store.move(trx, sector, 'held', {}, { nowMs, failure })
  } else {
    // `halt` is the worker's own trouble: it has stopped taking work, another may succeed.
    const wakeInMs = backoffMs(sector.tries, RETRY)
    const told: Failure = { ...failure, remedy: 'retry' }
    await store.keep(trx, sector, { nowMs, wakeInMs, waiting: null, failure: told, retry: true })
  }
}

/** Ends claims not heard of in time; their sectors are offered again at once. Returns those sectors. */
export async function expireClaims(store: SectorStore, leases: Leases, now: () => number): Promise<number[]> {
  await leases.forgiveDeafness(store.db)
  const late = await store.db
    .selectFrom('claims')
    .selectAll()
    .where('state', '=', sql.lit('running'))
    .where('expires_ms', '<=', leases.now())
    .execute()
  for (const claim of late) {
    const why = `was not heard of for ${leases.leaseMs / 1000} s`
    await writing(store.db, (trx) => expire(trx, claim, why, store, leases, now()))
  }
  return late.map((claim) => claim.sector_number)
}

/** Ends the claims of a worker's earlier session: that process is gone. Returns their sectors. */
export async function endSession(
  trx: Transaction<SealerDb>,
  workerId: string,
  store: SectorStore,
  now: () => number,
): Promise<number[]> {
  const running = await trx
    .selectFrom('claims')
    .selectAll()
    .where('worker_id', '=', workerId)
    .where('state', '=', sql.lit('running'))
    .execute()
  for (const claim of running) await expire(trx, claim, 'was started anew', store, undefined, now())
  return running.map((claim) => claim.sector_number)
}

async function expire(
  trx: Transaction<SealerDb>,
  claim: Claim,
  why: string,
  store: SectorStore,
  /** Undefined: whatever its lease says. */
  leases: Leases | undefined,
  nowMs: number,
): Promise<void> {
  if (leases !== undefined && !(await isLate(trx, claim, leases))) return
  const sector = await end(trx, claim, 'expired', store)
  if (sector === undefined) return
  const failure = {
    code: 'CLAIM_EXPIRED',
    remedy: 'retry' as const,
    text: `${claim.task}: worker ${claim.worker_id} on ${claim.hostname} ${why}`,
  }
  await store.keep(trx, sector, { nowMs, wakeInMs: 0, waiting: null, failure, retry: true })
}

/** It may have been renewed since it was read. */
async function isLate(trx: Transaction<SealerDb>, claim: Claim, leases: Leases): Promise<boolean> {
  const row = await trx
    .selectFrom('claims')
    .select('expires_ms')
    .where('claim_id', '=', claim.claim_id)
    .where('state', '=', sql.lit('running'))
    .executeTakeFirst()
  return row !== undefined && row.expires_ms <= leases.now()
}

/** Ends a running claim. Returns its sector, if the claim was still the current one. */
async function end(
  trx: Transaction<SealerDb>,
  claim: Claim,
  state: 'released' | 'expired',
  store: SectorStore,
): Promise<Sector | undefined> {
  await trx
    .updateTable('claims')
    .set({ state })
    .where('claim_id', '=', claim.claim_id)
    .where('state', '=', sql.lit('running'))
    .execute()
  const sector = await store.read(claim.sector_number, trx)
  return sector?.turn === claim.turn ? sector : undefined
}
