import type { minerV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { Kysely, Transaction } from 'kysely'
import type { SealerDb } from '../sealer-db.js'

const REQUEST = 'next-number-request'

/**
 * Makes sure that a sector number is at hand. The request id is in the row before the miner is asked, so that a crash between
 * its answer and our commit asks for the same numbers again, not for new ones.
 */
export async function stockNumber(
  db: Kysely<SealerDb>,
  miner: minerV1.MinerServiceClient,
  incarnation: string,
  signal: AbortSignal,
): Promise<void> {
  if (await db.selectFrom('spare_numbers').selectAll().limit(1).executeTakeFirst()) return
  const count = await countOfRequests(db)
  const highest = await db
    .selectFrom('sectors')
    .select((eb) => eb.fn.max('sector_number').as('number'))
    .executeTakeFirst()
  const answer = await miner.allocateSectorNumbers(
    { requestId: `${incarnation}-${count}`, count: 1, highestKnown: highest?.number ?? 0 },
    { signal },
  )
  await writing(db, async (trx) => {
    // Somebody else got the same answer meanwhile, and may have used it.
    if ((await countOfRequests(trx)) !== count) return
    for (const sector_number of answer.sectorNumbers) {
      await trx.insertInto('spare_numbers').values({ sector_number }).execute()
    }
    await trx
      .insertInto('facts')
      .values({ name: REQUEST, value: String(count + 1) })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: String(count + 1) }))
      .execute()
  })
}

async function countOfRequests(db: Kysely<SealerDb>): Promise<number> {
  const row = await db.selectFrom('facts').select('value').where('name', '=', REQUEST).executeTakeFirst()
  return Number(row?.value ?? 0)
}

/** Takes a number at hand; undefined when there is none. */
export async function takeNumber(trx: Transaction<SealerDb>): Promise<number | undefined> {
  const row = await trx
    .selectFrom('spare_numbers')
    .selectAll()
    .orderBy('sector_number')
    .limit(1)
    .executeTakeFirst()
  if (!row) return undefined
  await trx.deleteFrom('spare_numbers').where('sector_number', '=', row.sector_number).execute()
  return row.sector_number
}
