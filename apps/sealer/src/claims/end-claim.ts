import type { workV1 } from '@sealane/proto'
import { backoffMs, writing } from '@sealane/sql'
import type { Transaction } from 'kysely'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { Claim, SealerDb } from '../sealer-db.js'
import { LEASE_MS } from './lease.js'

/** First and longest wait before a failed task is offered again. Unit: ms. */
const RETRY = { baseMs: 1_000, capMs: 5 * 60_000 }

/** Keeps a claim alive. False: it is over, the worker must stop and write nothing. */
export async function renewClaim(
  request: workV1.HeartbeatRequest,
  store: SectorStore,
  now: () => number,
): Promise<boolean> {
  const nowMs = now()
  const renewed = await store.db
    .updateTable('claims')
    .set({ expires_ms: nowMs + LEASE_MS, stage: request.stage, fraction: request.fraction })
    .where('claim_id', '=', request.claimId)
    .where('worker_id', '=', request.workerId)
    .where('state', '=', 'running')
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
      .where('state', '=', 'running')
      .executeTakeFirst()
    if (!claim) return undefined
    await trx
      .updateTable('claims')
      .set({ state: 'released' })
      .where('claim_id', '=', claim.claim_id)
      .execute()
    const sector = await store.read(claim.sector_number, trx)
    if (sector?.turn !== claim.turn) return undefined
    const nowMs = now()
    if (request.code === '') {
      await store.keep(trx, sector, { nowMs, wakeInMs: 0, waiting: null, failure: null, retry: true })
      return claim.sector_number
    }
    const remedy =
      (['retry', 'hold', 'drop', 'halt'] as const).find((word) => word === request.remedy) ?? 'hold'
    const failure = {
      code: request.code,
      remedy,
      text: `${claim.task} on ${claim.hostname}: ${request.text}`,
    }
    if (claim.task === 'pc2' && remedy === 'drop') {
      await store.move(trx, sector, 'preCommit1Spoiled', {}, { nowMs, detail: failure.text })
    } else if (remedy === 'hold' || remedy === 'drop') {
      await store.move(trx, sector, 'held', {}, { nowMs, failure })
    } else {
      // `halt` is the worker's own trouble: it has stopped taking work, another may succeed.
      const wakeInMs = backoffMs(sector.tries, RETRY)
      await store.keep(trx, sector, { nowMs, wakeInMs, waiting: null, failure, retry: true })
    }
    return claim.sector_number
  })
}

/** Ends claims not heard of in time; their sectors are offered again at once. Returns those sectors. */
export async function expireClaims(store: SectorStore, now: () => number): Promise<number[]> {
  const nowMs = now()
  const late = await store.db
    .selectFrom('claims')
    .selectAll()
    .where('state', '=', 'running')
    .where('expires_ms', '<=', nowMs)
    .execute()
  for (const claim of late) await writing(store.db, (trx) => expire(trx, claim))
  return late.map((claim) => claim.sector_number)

  async function expire(trx: Transaction<SealerDb>, claim: Claim): Promise<void> {
    const ended = await trx
      .updateTable('claims')
      .set({ state: 'expired' })
      .where('claim_id', '=', claim.claim_id)
      .where('state', '=', 'running')
      .where('expires_ms', '<=', nowMs)
      .executeTakeFirst()
    const sector = await store.read(claim.sector_number, trx)
    if (ended.numUpdatedRows !== 1n || sector?.turn !== claim.turn) return
    const failure = {
      code: 'CLAIM_EXPIRED',
      remedy: 'retry' as const,
      text: `${claim.task}: worker ${claim.worker_id} on ${claim.hostname} was not heard of for ${LEASE_MS / 1000} s`,
    }
    await store.keep(trx, sector, { nowMs, wakeInMs: 0, waiting: null, failure, retry: true })
  }
}
