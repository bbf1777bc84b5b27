import type { Kysely } from 'kysely'
import type { SealerDb } from './sealer-db.js'

/** One line of a thing's life, written in the transaction that changed it. */
export async function remember(
  trx: Kysely<SealerDb>,
  line: {
    thing: 'piece' | 'sector'
    subject: string
    atMs: number
    event: string
    state: string
    detail?: string
  },
): Promise<void> {
  await trx
    .insertInto('history')
    .values({
      thing: line.thing,
      subject: line.subject,
      at_ms: line.atMs,
      event: line.event,
      state: line.state,
      detail: line.detail ?? '',
    })
    .execute()
}
