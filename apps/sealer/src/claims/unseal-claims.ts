import { randomUUID } from 'node:crypto'
import type { workV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { type Kysely, sql } from 'kysely'
import { isDiskTrouble } from '../disk-trouble.js'
import type { HomeFacts } from '../events/home-facts.js'
import { unsealedHubPath } from '../hub/hub-paths.js'
import { hexToBytes } from '../pipeline/hex.js'
import { required } from '../pipeline/required.js'
import type { SealerDb } from '../sealer-db.js'
import type { Leases } from './leases.js'
import { refused } from './refused.js'

/** An unseal reads a sealed sector and changes nothing in it: its claim is of the request, not of the sector's turn. */
const prefix = 'unseal/'

export function isUnseal(claimId: string): boolean {
  return claimId.startsWith(prefix)
}

/** Grants the queued unseal of (sector, turn) to a worker that serves its storage path, one at a time. */
export async function claimUnseal(
  request: workV1.ClaimRequest,
  o: { db: Kysely<SealerDb>; facts: HomeFacts; leases: Leases },
): Promise<workV1.ClaimResponse> {
  const { miner } = o.facts
  if (!miner) return refused('the coordinator does not know its miner yet')
  return await writing(o.db, async (trx) => {
    const unseal = await trx
      .selectFrom('unseals')
      .selectAll()
      .where('sector_number', '=', Number(request.row))
      .where('turn', '=', request.turn)
      .where('state', '=', sql.lit('queued'))
      .executeTakeFirst()
    const sector = await trx
      .selectFrom('sectors')
      .selectAll()
      .where('sector_number', '=', Number(request.row))
      .executeTakeFirst()
    if (!unseal || !sector) return refused('nothing to unseal')
    if (unseal.claim_id !== null && (unseal.expires_ms ?? 0) > o.leases.now())
      return refused(`taken by worker ${unseal.worker_id}`)
    const storageId = request.storageIds.find((id) => id === sector.storage_id)
    if (storageId === undefined) return refused('this worker does not serve the sector’s storage path')
    const claimId = `${prefix}${randomUUID()}`
    await trx
      .updateTable('unseals')
      .set({ claim_id: claimId, worker_id: request.workerId, expires_ms: o.leases.end() })
      .where('id', '=', unseal.id)
      .execute()
    return {
      claimId,
      reason: '',
      leaseMs: o.leases.leaseMs,
      task: {
        sectorNumber: sector.sector_number,
        sectorSize: sector.sector_size,
        minerId: miner.id,
        storageId,
        prover: required(sector, 'prover'),
        work: {
          $case: 'unseal',
          value: {
            ticket: hexToBytes(required(sector, 'ticket')),
            commD: hexToBytes(required(sector, 'comm_d')),
            commR: hexToBytes(required(sector, 'comm_r')),
            offset: unseal.offset_bytes,
            length: unseal.length_bytes,
            hubPath: unsealedHubPath(unseal.id),
          },
        },
      },
    }
  })
}

export async function renewUnseal(
  request: workV1.HeartbeatRequest,
  db: Kysely<SealerDb>,
  leases: Leases,
): Promise<boolean> {
  return await change(request, db, {
    expires_ms: leases.end(),
    stage: request.stage,
    fraction: request.fraction,
  })
}

export async function completeUnseal(
  request: workV1.CompleteRequest,
  db: Kysely<SealerDb>,
): Promise<workV1.CompleteResponse> {
  const accepted = await change(request, db, { state: 'done' })
  return { accepted, reason: accepted ? '' : 'no longer wanted' }
}

/** Stopping, or trouble that may pass: it is offered again. */
export async function releaseUnseal(request: workV1.ReleaseRequest, db: Kysely<SealerDb>): Promise<void> {
  const { code, remedy, text } = request
  const again = code === '' || remedy === 'retry' || remedy === 'halt' || isDiskTrouble(code)
  if (again) await change(request, db, { claim_id: null, worker_id: null, expires_ms: null })
  else await change(request, db, { state: 'failed', failure: JSON.stringify({ code, remedy, text }) })
}

async function change(
  { claimId, workerId }: { claimId: string; workerId: string },
  db: Kysely<SealerDb>,
  changes: Partial<SealerDb['unseals']>,
): Promise<boolean> {
  const changed = await db
    .updateTable('unseals')
    .set(changes)
    .where('claim_id', '=', claimId)
    .where('worker_id', '=', workerId)
    .where('state', '=', sql.lit('queued'))
    .executeTakeFirst()
  return changed.numUpdatedRows === 1n
}
