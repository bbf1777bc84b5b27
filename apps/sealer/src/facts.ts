import type { Kysely } from 'kysely'
import type { SealerDb } from './sealer-db.js'

/** The coordinator's single values, by name. */
export type FactName =
  | 'coordinator-epoch'
  | 'last-event-sequence'
  | 'limits-configured'
  | 'miner'
  | 'number-requests'

export async function readFact(db: Kysely<SealerDb>, name: FactName): Promise<string | undefined> {
  const row = await db.selectFrom('facts').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}

export async function setFact(trx: Kysely<SealerDb>, name: FactName, value: string): Promise<void> {
  await trx
    .insertInto('facts')
    .values({ name, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute()
}
