import type { Failure } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { Offers } from '../crossing/offers.js'
import type { DealStore } from '../deals/deal-store.js'
import type { EndDeal } from '../deals/end-deal.js'
import type { DealTable } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'
import type { TransferStore } from '../transfer/transfer-store.js'
import type { Staging } from './staging.js'

/**
 * Deals that wait for home in this database, and perhaps nowhere else: it may be restored from a backup, and home have long
 * had their bytes and told of it. Home is asked, by offering them again, before one whose file is gone counts as lost.
 */
export class LostFiles {
  readonly #asked = new Set<string>()

  constructor(
    private readonly deals: DealStore,
    private readonly transfers: TransferStore,
    private readonly staging: Staging,
    private readonly offers: Offers,
    private readonly end: EndDeal,
  ) {}

  /** At start. `missing`: deals whose staged file is gone. */
  async ask(missing: readonly string[]): Promise<void> {
    const gone = new Set(missing)
    const waiting = await this.deals.db
      .selectFrom('deals')
      .selectAll()
      .where('state', '=', 'Transferred')
      .execute()
    for (const deal of waiting) {
      const lost = gone.has(deal.deal_uuid)
      if (!lost && deal.home_took_offer === 0) continue
      await writing(this.deals.db, async (trx) => {
        // What this row says of home's piece is what home said before the backup.
        const asked = lost ? await this.deals.update(trx, deal, { piece_state: null }) : deal
        const { received_bytes } = await this.transfers.get(deal.deal_uuid, trx)
        await this.offers.offer(trx, asked, this.deals.params(asked), received_bytes)
      })
      if (lost) this.#asked.add(deal.deal_uuid)
    }
  }

  /** Ends the deals whose bytes home has not got either. */
  async sweep(): Promise<void> {
    for (const dealUuid of this.#asked) {
      const deal = await this.deals.get(dealUuid)
      if (deal.state === 'Transferred') {
        if (!isNotHome(deal)) continue
        const path = this.staging.path(dealUuid)
        await this.end.fail(deal, new ProviderError({ code: 'STAGED_FILE_MISSING', path }))
      }
      this.#asked.delete(dealUuid)
    }
  }
}

/** Home waits for the bytes, or was refused them here and holds the piece for a person. */
function isNotHome({ piece_state, failure }: DealTable): boolean {
  if (piece_state === 'Offered' || piece_state === 'Pulling') return true
  return (
    piece_state === 'Held' && failure !== null && (JSON.parse(failure) as Failure).code === 'FILE_REFUSED'
  )
}
