import { randomUUID } from 'node:crypto'
import { copyFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { type Queues, type Remedy, RemoteError } from '@sealane/host'
import { sealUnseal } from '@sealane/jobs'
import { writing } from '@sealane/sql'
import { unsealedPath } from '../hub/serve-hub.js'
import { required } from '../pipeline/required.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import { SealerError } from '../sealer-error.js'

/** Unsealing costs a PreCommit1: seconds for test sectors, hours for 32GiB ones. Unit: ms. */
const POLL_MS = 200

/** Has a worker unseal a range of a sector, waits for it and writes the bytes to `path` on this host. Unit of offset and length: unpadded bytes. */
export async function unsealSector(
  o: { sectorNumber: number; offset: number; length: number; path: string },
  tools: { store: SectorStore; queues: Queues; hubDir: string; signal: AbortSignal },
): Promise<void> {
  const { db } = tools.store
  const sector = await tools.store.read(o.sectorNumber)
  if (!sector) {
    throw new SealerError({ code: 'NO_SUCH_SECTOR', sector: o.sectorNumber }, `no sector ${o.sectorNumber}`)
  }
  if (sector.comm_r === null || sector.storage_id === null) {
    const facts = {
      code: 'NOT_NOW',
      sector: o.sectorNumber,
      state: sector.state,
      wanted: 'a sealed sector',
    } as const
    throw new SealerError(facts, `sector ${o.sectorNumber} is ${sector.state}: there is nothing sealed yet`)
  }
  const id = randomUUID()
  const turn = await writing(db, async (trx) => {
    const last = await trx
      .selectFrom('unseals')
      .select((eb) => eb.fn.max('turn').as('turn'))
      .where('sector_number', '=', o.sectorNumber)
      .executeTakeFirst()
    const next = (last?.turn ?? 0) + 1
    await trx
      .insertInto('unseals')
      .values({
        id,
        sector_number: o.sectorNumber,
        turn: next,
        tries: 0,
        offset_bytes: o.offset,
        length_bytes: o.length,
        state: 'queued',
        failure: null,
      })
      .execute()
    return next
  })
  for (let tries = 0; ; tries += 1) {
    await tools.queues.hint(sealUnseal(required(sector, 'storage_id')), {
      sectorNumber: o.sectorNumber,
      turn,
      tries,
    })
    // A hint can be lost with Redis: ask again once a minute.
    for (let waitedMs = 0; waitedMs < 60_000; waitedMs += POLL_MS) {
      const row = await db.selectFrom('unseals').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
      if (row.state === 'done') return await copyFile(unsealedPath(tools.hubDir, id), o.path)
      if (row.state === 'failed') {
        const failure = JSON.parse(row.failure ?? '{}') as { code: string; text: string; remedy: Remedy }
        throw new RemoteError({ code: failure.code }, failure.text, failure.remedy)
      }
      await pause(POLL_MS, undefined, { signal: tools.signal })
    }
  }
}
