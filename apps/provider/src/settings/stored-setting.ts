import { writing } from '@sealane/sql'
import type { z } from 'zod'
import type { ProviderDb } from '../provider-db.js'

/** One thing that the operator sets while the provider runs: a JSON value in the table of settings, so that it outlives a restart. */
export class StoredSetting<Schema extends z.ZodType> {
  #value: z.output<Schema>

  /** @param initial what holds until the operator has said otherwise */
  constructor(
    private readonly db: ProviderDb,
    private readonly name: string,
    private readonly schema: Schema,
    initial: z.output<Schema>,
  ) {
    this.#value = initial
  }

  /** Reads what was set before a restart. Call it before the first `get`. */
  async load(): Promise<void> {
    const row = await this.db
      .selectFrom('settings')
      .select('value')
      .where('name', '=', this.name)
      .executeTakeFirst()
    if (row !== undefined) this.#value = this.schema.parse(JSON.parse(row.value))
  }

  get(): z.output<Schema> {
    return this.#value
  }

  /** The value on disk first, then here: `change` sees the newest one. Throws what `change` throws, and then nothing is written. */
  async change(change: (before: z.output<Schema>) => z.output<Schema>): Promise<z.output<Schema>> {
    const { name } = this
    this.#value = await writing(this.db, async (trx) => {
      const row = await trx.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst()
      const after = change(row === undefined ? this.#value : this.schema.parse(JSON.parse(row.value)))
      const value = JSON.stringify(after)
      await trx
        .insertInto('settings')
        .values({ name, value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute()
      return after
    })
    return this.#value
  }
}
