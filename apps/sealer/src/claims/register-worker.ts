import type { workV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { Kysely, Transaction } from 'kysely'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb } from '../sealer-db.js'
import { endSession } from './end-claim.js'

/** Which of our tasks each kind of work covers. */
const statesOf: Readonly<Record<string, readonly string[]>> = {
  pc1: ['PreCommit1'],
  pc2: ['PreCommit2'],
  commit: ['Commit1', 'Commit2'],
  finalize: ['FinalizeSector'],
}

export interface Registered {
  /** Sectors whose claims ended with the worker's earlier session. */
  freed: number[]
  /** Claim directories that nobody needs any more. */
  retired: string[]
}

/**
 * Writes a worker down. A new session of a known worker means that its earlier process is gone: what that had claimed is offered again at
 * once. Sectors that wait for such a worker are looked at.
 */
export async function registerWorker(
  request: workV1.RegisterRequest,
  store: SectorStore,
  now: () => number,
): Promise<Registered> {
  return await writing(store.db, async (trx) => {
    const { workerId, session } = request
    const before = await trx
      .selectFrom('workers')
      .select('session')
      .where('worker_id', '=', workerId)
      .executeTakeFirst()
    const anew = before !== undefined && before.session !== session
    const freed = anew ? await endSession(trx, workerId, store, now) : []
    await writeDown(trx, request, now())
    const states = request.tasks.flatMap((task) => statesOf[task] ?? [])
    await wakeWaiting(trx, states, now())
    const claims = request.paths.flatMap((path) => path.claims)
    return { freed, retired: await unneeded(trx, claims) }
  })
}

async function writeDown(
  trx: Transaction<SealerDb>,
  request: workV1.RegisterRequest,
  nowMs: number,
): Promise<void> {
  const numbers = request.paths.flatMap((path) => path.sectors.map((sector) => sector.sectorNumber))
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
    session: request.session,
    highest_sector: numbers.reduce((highest, number) => Math.max(highest, number), 0),
    stage: null,
    fraction: null,
  }
  await trx
    .insertInto('workers')
    .values({ worker_id: request.workerId, ...row })
    .onConflict((conflict) => conflict.column('worker_id').doUpdateSet(row))
    .execute()
}

/** Sectors in these states that no worker has in hand are looked at now. */
async function wakeWaiting(trx: Kysely<SealerDb>, states: readonly string[], nowMs: number): Promise<void> {
  if (states.length === 0) return
  await trx
    .updateTable('sectors')
    .set({ wake_at: nowMs })
    .where('state', 'in', states as never)
    .where('wake_at', '>', nowMs)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('claims')
            .select('claims.claim_id')
            .whereRef('claims.sector_number', '=', 'sectors.sector_number')
            .where('claims.state', '=', 'running'),
        ),
      ),
    )
    .execute()
}

/**
 * Of these claims, those whose directories hold nothing any more: ended, not their sector's files, and their sector has gone on. What we
 * do not know is left alone (a database restored from a backup knows less than the disks).
 */
async function unneeded(trx: Kysely<SealerDb>, claimIds: readonly string[]): Promise<string[]> {
  if (claimIds.length === 0) return []
  const rows = await trx
    .selectFrom('claims')
    .innerJoin('sectors', 'sectors.sector_number', 'claims.sector_number')
    .select('claims.claim_id')
    .where('claims.claim_id', 'in', claimIds)
    .where('claims.state', '!=', 'running')
    .whereRef('sectors.turn', '>', 'claims.turn')
    .where((eb) =>
      eb.or([
        eb('sectors.winning_claim', 'is', null),
        eb('sectors.winning_claim', '!=', eb.ref('claims.claim_id')),
      ]),
    )
    .execute()
  return rows.map((row) => row.claim_id)
}
