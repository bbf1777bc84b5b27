import { randomUUID } from 'node:crypto'
import { copyFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { type Queues, type Remedy, RemoteError } from '@sealane/host'
import { sealUnseal } from '@sealane/jobs'
import type { SectorState } from '@sealane/lifecycle'
import { writing } from '@sealane/sql'
import type { Kysely } from 'kysely'
import { type Dirs, unsealedPath } from '../hub/hub-paths.js'
import { retireUnsealed } from '../hub/retire.js'
import { required } from '../pipeline/required.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb, Sector } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'
import { checkUnsealed, unpadded, wholePiece } from './check-unsealed.js'

const POLL_MS = 100
/** A job can be lost with Redis: it is added again after this long. Unit: ms. */
const ASK_AGAIN_MS = 30_000
/** Before Commit1 the files still lie in the directory of a claim. */
const unsealable: readonly SectorState[] = [
  'Commit2',
  'SubmitProveCommit',
  'ProveCommitWait',
  'FinalizeSector',
  'Proving',
]

export interface Range {
  sectorNumber: number
  /** Unpadded bytes from the start of the sector. */
  offset: number
  /** Unpadded bytes. */
  length: number
}

/**
 * Has a worker unseal a range of a sector, waits for it and writes the bytes to `path` on this host. It costs a PreCommit1: seconds for
 * test sectors, hours for 32GiB ones. A whole piece's commitment is checked first. Throws SealerError, or what the worker reported.
 */
export async function unsealSector(
  o: Range & { path: string },
  tools: { store: SectorStore; queues: Queues; dirs: Dirs; signal: AbortSignal },
): Promise<void> {
  const { db } = tools.store
  const sector = await sealedSector(o, tools.store)
  const { id, turn } = await ask(o, db)
  const copy = unsealedPath(tools.dirs.hub, id)
  try {
    await unsealed(id, turn, required(sector, 'storage_id'), tools)
    const pieces = await db
      .selectFrom('pieces')
      .selectAll()
      .where('sector_number', '=', o.sectorNumber)
      .execute()
    const piece = wholePiece(pieces, o.offset, o.length)
    if (piece !== undefined) await checkUnsealed(copy, piece)
    await copyFile(copy, o.path)
  } finally {
    await retireUnsealed(id, tools.dirs, 'handed out, or given up')
  }
}

async function sealedSector(o: Range, store: SectorStore): Promise<Sector> {
  const sector = await store.read(o.sectorNumber)
  if (!sector) {
    throw new SealerError({ code: 'NO_SUCH_SECTOR', sector: o.sectorNumber }, `no sector ${o.sectorNumber}`)
  }
  if (!unsealable.includes(sector.state)) {
    const facts = { code: 'NOT_NOW', sector: o.sectorNumber, state: sector.state, wanted: 'Proving' } as const
    throw new SealerError(
      facts,
      `sector ${o.sectorNumber} is ${sector.state}: it can be unsealed from ${unsealable[0]} on`,
    )
  }
  const { offset, length, sectorNumber } = o
  const inside = offset >= 0 && length > 0 && offset + length <= unpadded(sector.sector_size)
  if (inside && Number.isSafeInteger(offset + length)) return sector
  throw new SealerError(
    { code: 'RANGE', sector: sectorNumber, offset: String(offset), length: String(length) },
    `sector ${sectorNumber} has ${unpadded(sector.sector_size)} bytes: ${length} from ${offset} are not in it`,
  )
}

async function ask(o: Range, db: Kysely<SealerDb>): Promise<{ id: string; turn: number }> {
  const id = randomUUID()
  return await writing(db, async (trx) => {
    const last = await trx
      .selectFrom('unseals')
      .select((eb) => eb.fn.max('turn').as('turn'))
      .where('sector_number', '=', o.sectorNumber)
      .executeTakeFirst()
    const turn = (last?.turn ?? 0) + 1
    await trx
      .insertInto('unseals')
      .values({
        id,
        sector_number: o.sectorNumber,
        turn,
        tries: 0,
        offset_bytes: o.offset,
        length_bytes: o.length,
        state: 'queued',
        failure: null,
        claim_id: null,
        worker_id: null,
        expires_ms: null,
        stage: null,
        fraction: null,
      })
      .execute()
    return { id, turn }
  })
}

async function unsealed(
  id: string,
  turn: number,
  storageId: string,
  { store, queues, signal }: { store: SectorStore; queues: Queues; signal: AbortSignal },
): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const { sector_number: sectorNumber } = await row(id, store.db)
    await queues.hint(sealUnseal(storageId), { sectorNumber, turn, tries })
    for (let waitedMs = 0; waitedMs < ASK_AGAIN_MS; waitedMs += POLL_MS) {
      const { state, failure: told } = await row(id, store.db)
      if (state === 'done') return
      if (state === 'failed') {
        const failure = JSON.parse(told ?? '{}') as { code: string; text: string; remedy: Remedy }
        throw new RemoteError({ code: failure.code }, failure.text, failure.remedy)
      }
      await pause(POLL_MS, undefined, { signal })
    }
  }
}

async function row(id: string, db: Kysely<SealerDb>) {
  return await db.selectFrom('unseals').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}
