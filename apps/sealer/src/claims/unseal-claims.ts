import { randomUUID } from 'node:crypto'
import type { workV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { Kysely } from 'kysely'
import type { HomeFacts } from '../events/home-facts.js'
import { hexToBytes } from '../pipeline/hex.js'
import { required } from '../pipeline/required.js'
import type { SealerDb } from '../sealer-db.js'
import { LEASE_MS } from './lease.js'

/** An unseal reads a proven sector and changes nothing in it: its claim is of the request, not of the sector's turn. */
const idOf = (claimId: string) => claimId.split('/')[1] ?? ''
const refused = (reason: string): workV1.ClaimResponse => ({
  claimId: '',
  reason,
  leaseMs: 0,
  task: undefined,
})

export function isUnseal(claimId: string): boolean {
  return claimId.startsWith('unseal/')
}

/** Grants the oldest queued unseal of the sector to a worker that serves its storage path. */
export async function claimUnseal(
  request: workV1.ClaimRequest,
  db: Kysely<SealerDb>,
  facts: HomeFacts,
): Promise<workV1.ClaimResponse> {
  const miner = facts.miner
  if (!miner) return refused('the coordinator does not know its miner yet')
  return await writing(db, async (trx) => {
    const unseal = await trx
      .selectFrom('unseals')
      .selectAll()
      .where('sector_number', '=', Number(request.row))
      .where('turn', '=', request.turn)
      .where('state', '=', 'queued')
      .executeTakeFirst()
    const sector = await trx
      .selectFrom('sectors')
      .selectAll()
      .where('sector_number', '=', Number(request.row))
      .executeTakeFirst()
    if (!unseal || !sector) return refused('nothing to unseal')
    const storageId = request.storageIds.find((id) => id === sector.storage_id)
    if (storageId === undefined) return refused('this worker does not serve the sector’s storage path')
    return {
      claimId: `unseal/${unseal.id}/${randomUUID()}`,
      reason: '',
      leaseMs: LEASE_MS,
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
            hubPath: `/hub/unsealed/${unseal.id}`,
          },
        },
      },
    }
  })
}

export async function completeUnseal(
  request: workV1.CompleteRequest,
  db: Kysely<SealerDb>,
): Promise<workV1.CompleteResponse> {
  const done = await db
    .updateTable('unseals')
    .set({ state: 'done' })
    .where('id', '=', idOf(request.claimId))
    .where('state', '=', 'queued')
    .executeTakeFirst()
  return {
    accepted: done.numUpdatedRows === 1n,
    reason: done.numUpdatedRows === 1n ? '' : 'no longer wanted',
  }
}

export async function releaseUnseal(request: workV1.ReleaseRequest, db: Kysely<SealerDb>): Promise<void> {
  if (request.code === '') return
  const failure = JSON.stringify({ code: request.code, remedy: request.remedy, text: request.text })
  await db
    .updateTable('unseals')
    .set({ state: 'failed', failure })
    .where('id', '=', idOf(request.claimId))
    .where('state', '=', 'queued')
    .execute()
}
