import { Injectable } from '@nestjs/common'
import type { workV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'

/** Which workers there are, which storage paths they serve, and which sectors lie where: as the workers say, kept over restarts. */
@Injectable()
export class SectorHomes {
  constructor(
    private readonly db: MinerDb,
    private readonly clock: Clock,
  ) {}

  /** Takes a worker's word for itself and for what lies on its paths now. */
  async register(request: workV1.RegisterRequest): Promise<void> {
    const now = this.clock.now()
    await writing(this.db, async (trx) => {
      const { workerId, hostname, prover, version } = request
      const facts = { hostname, prover, version, tasks: JSON.stringify(request.tasks), seen_ms: now }
      await trx
        .insertInto('workers')
        .values({ worker_id: workerId, ...facts })
        .onConflict((conflict) => conflict.column('worker_id').doUpdateSet(facts))
        .execute()
      for (const path of request.paths) await this.#take(trx, workerId, path, now)
      if (request.paths.length > 0) await this.#dropOthers(trx, request)
    })
  }

  /** A sign of life. False when the worker is not known: it must register. */
  async seen(workerId: string): Promise<boolean> {
    const seen_ms = this.clock.now()
    const known = await this.db
      .updateTable('workers')
      .set({ seen_ms })
      .where('worker_id', '=', workerId)
      .executeTakeFirst()
    if (known.numUpdatedRows !== 1n) return false
    await this.db.updateTable('storage_paths').set({ seen_ms }).where('worker_id', '=', workerId).execute()
    return true
  }

  /** Paths that this worker served and no longer names: nobody reads there, and a sector must not wait for them. */
  async #dropOthers(trx: MinerTransaction, { workerId, paths }: workV1.RegisterRequest): Promise<void> {
    const gone = await trx
      .deleteFrom('storage_paths')
      .where('worker_id', '=', workerId)
      .where(
        'storage_id',
        'not in',
        paths.map(({ id }) => id),
      )
      .returning('storage_id')
      .execute()
    for (const { storage_id } of gone)
      await trx.deleteFrom('stored_sectors').where('storage_id', '=', storage_id).execute()
  }

  async #take(trx: MinerTransaction, workerId: string, path: workV1.StoragePath, now: number): Promise<void> {
    const facts = { worker_id: workerId, seen_ms: now }
    await trx
      .insertInto('storage_paths')
      .values({ storage_id: path.id, ...facts })
      .onConflict((conflict) => conflict.column('storage_id').doUpdateSet(facts))
      .execute()
    await trx.deleteFrom('stored_sectors').where('storage_id', '=', path.id).execute()
    // In pieces: a statement takes a bounded number of values.
    for (let at = 0; at < path.sectors.length; at += ROWS_AT_ONCE) {
      const rows = path.sectors.slice(at, at + ROWS_AT_ONCE).map(({ sectorNumber, finalized }) => ({
        sector_number: sectorNumber,
        storage_id: path.id,
        finalized: finalized ? 1 : 0,
      }))
      await trx
        .insertInto('stored_sectors')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
  }
}

const ROWS_AT_ONCE = 1_000
