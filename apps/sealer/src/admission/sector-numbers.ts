import type { minerV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { Kysely, Transaction } from 'kysely'
import { readFact, setFact } from '../facts.js'
import type { SealerDb } from '../sealer-db.js'

/** A number at hand may be taken by another before whoever asked for it. */
export const NUMBER_TRIES = 5

/**
 * Numbers for new sectors, one at a time, from the miner. Requests and spare numbers belong to one coordinator epoch: a database restored
 * from a backup repeats no old request and uses no old number, for a sector it has forgotten may have taken it. A crash between the
 * miner's answer and our commit leaves a gap, as chains have them anyway.
 */
export class SectorNumbers {
  #stocking: Promise<void> | undefined

  constructor(
    private readonly db: Kysely<SealerDb>,
    private readonly miner: minerV1.MinerServiceClient,
    private readonly coordinatorEpoch: number,
    private readonly signal: AbortSignal,
  ) {}

  /** Makes sure that a number is at hand; many callers share one request. Throws what the miner throws (`retry`). */
  stock(): Promise<void> {
    this.#stocking ??= this.#stock().finally(() => {
      this.#stocking = undefined
    })
    return this.#stocking
  }

  /** Takes the number at hand; undefined when there is none. */
  async take(trx: Transaction<SealerDb>): Promise<number | undefined> {
    const row = await trx
      .selectFrom('spare_numbers')
      .select('sector_number')
      .where('coordinator_epoch', '=', this.coordinatorEpoch)
      .orderBy('sector_number')
      .limit(1)
      .executeTakeFirst()
    if (row === undefined) return undefined
    await trx.deleteFrom('spare_numbers').where('sector_number', '=', row.sector_number).execute()
    return row.sector_number
  }

  async #stock(): Promise<void> {
    const spare = await this.db
      .selectFrom('spare_numbers')
      .selectAll()
      .where('coordinator_epoch', '=', this.coordinatorEpoch)
      .executeTakeFirst()
    if (spare) return
    const count = Number((await readFact(this.db, 'number-requests')) ?? 0)
    const answer = await this.miner.allocateSectorNumbers(
      {
        requestId: `${this.coordinatorEpoch}-${count}`,
        count: 1,
        highestKnown: await this.#highestKnown(),
      },
      { signal: this.signal },
    )
    await writing(this.db, async (trx) => {
      for (const sector_number of answer.sectorNumbers) {
        const row = { sector_number, coordinator_epoch: this.coordinatorEpoch }
        await trx.insertInto('spare_numbers').values(row).execute()
      }
      await setFact(trx, 'number-requests', String(count + 1))
    })
  }

  /** Of our rows and of the files that workers have: a number that was ever used must not come again. */
  async #highestKnown(): Promise<number> {
    const { rows } = await this.db
      .selectFrom('sectors')
      .select((eb) => eb.fn.max('sector_number').as('rows'))
      .executeTakeFirstOrThrow()
    const { files } = await this.db
      .selectFrom('workers')
      .select((eb) => eb.fn.max('highest_sector').as('files'))
      .executeTakeFirstOrThrow()
    return Math.max(rows ?? 0, files ?? 0)
  }
}
