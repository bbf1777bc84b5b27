import type { DealProgress } from '@sealane/jobs'
import type { Failure } from '@sealane/proto'
import type { Outbox } from '@sealane/sql'
import type { Kysely, Transaction } from 'kysely'
import type { SealerDb } from '../sealer-db.js'

/** Longest texts that fit a crossing message; a worker's may be longer. Unit: characters. Source: @sealane/jobs dealProgress. */
const CHARACTERS = { code: 64, text: 1_000, waitingFor: 300 }

/** Puts the whole of what home knows of a deal into the outbox, in the transaction that changed it. */
export async function putProgress(
  trx: Transaction<SealerDb>,
  outbox: Outbox,
  dealUuid: string,
  nowMs: number,
): Promise<void> {
  await outbox.put(trx, `d-${dealUuid}`, await progressOf(trx, dealUuid), nowMs)
}

/** The same for each deal of a sector. */
export async function putSectorProgress(
  trx: Transaction<SealerDb>,
  outbox: Outbox,
  sectorNumber: number,
  nowMs: number,
): Promise<void> {
  const pieces = await trx
    .selectFrom('pieces')
    .select('deal_uuid')
    .where('sector_number', '=', sectorNumber)
    .execute()
  for (const { deal_uuid } of pieces) await putProgress(trx, outbox, deal_uuid, nowMs)
}

async function progressOf(trx: Kysely<SealerDb>, dealUuid: string): Promise<DealProgress> {
  const piece = await trx
    .selectFrom('pieces')
    .selectAll()
    .where('deal_uuid', '=', dealUuid)
    .executeTakeFirstOrThrow()
  const sector = await trx
    .selectFrom('sectors')
    .selectAll()
    .where('sector_number', '=', piece.sector_number ?? -1)
    .executeTakeFirst()
  const failure = piece.failure ?? sector?.failure ?? null
  const waiting = piece.waiting ?? sector?.waiting ?? null
  return {
    kind: 'dealProgress',
    dealUuid,
    pieceState: piece.state,
    publicationState: piece.publication_state,
    sectorNumber: piece.sector_number,
    sectorState: sector?.state ?? null,
    publishCid: piece.publish_cid,
    dealId: piece.deal_id,
    preCommitCid: sector?.pre_commit_cid ?? null,
    proveCommitCid: sector?.prove_commit_cid ?? null,
    windowPostCid: sector?.window_post_cid ?? null,
    activeEpoch: piece.state === 'Sealed' ? (sector?.activation_epoch ?? null) : null,
    provenEpoch: sector?.proven_epoch ?? null,
    failure: failure === null ? null : cut(JSON.parse(failure) as Failure),
    waitingFor:
      waiting === null ? null : (JSON.parse(waiting) as { for: string }).for.slice(0, CHARACTERS.waitingFor),
  }
}

function cut({ code, remedy, text }: Failure): DealProgress['failure'] {
  return { code: code.slice(0, CHARACTERS.code), remedy, text: text.slice(0, CHARACTERS.text) }
}
