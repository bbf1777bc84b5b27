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

/** How often this happened to a sector since a person last had it in hand: what keeps failing must wait longer, or for a person. */
export async function timesSinceHeld(
  db: Kysely<SealerDb>,
  sectorNumber: number,
  event: string,
): Promise<number> {
  const lines = () =>
    db.selectFrom('history').where('thing', '=', 'sector').where('subject', '=', String(sectorNumber))
  const held = await lines()
    .where('event', '=', 'held')
    .select((eb) => eb.fn.max('id').as('id'))
    .executeTakeFirst()
  const since = await lines()
    .where('event', '=', event)
    .where('id', '>', held?.id ?? 0)
    .select((eb) => eb.fn.countAll<number>().as('times'))
    .executeTakeFirst()
  return since?.times ?? 0
}
