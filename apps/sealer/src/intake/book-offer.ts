import { sql, type Transaction } from 'kysely'
import type { SealerDb } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'

/**
 * Books one name of a deal on its UTC day, in the transaction that makes a row for it. Whoever owns the box abroad can make names, and
 * clients' keys, without end: this bounds the rows they get here. Throws SealerError OFFERS_OVER_CAP (`hold`): nothing is stored or
 * acknowledged, so an honest provider's offer comes again until there is room.
 */
export async function bookOffer(
  trx: Transaction<SealerDb>,
  o: { nowMs: number; dailyOffers: number },
): Promise<void> {
  const day = new Date(o.nowMs).toISOString().slice(0, 10)
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('offer_days')
    .values({ day, offers: 1 })
    .onConflict((conflict) =>
      conflict
        .column('day')
        .doUpdateSet({ offers: sql<number>`offer_days.offers + 1` })
        .where('offer_days.offers', '<', o.dailyOffers),
    )
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows === 1n) return
  throw new SealerError(
    { code: 'OFFERS_OVER_CAP', day, cap: o.dailyOffers },
    `${o.dailyOffers} deals came from abroad on ${day}: more wait for tomorrow or a higher intake.daily_offers`,
  )
}
