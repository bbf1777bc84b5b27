import { failureOf, Log } from '@sealane/host'
import { knows, transferTransitions } from '@sealane/lifecycle'
import { writing } from '@sealane/sql'
import type { Offers } from '../crossing/offers.js'
import type { DealTable } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'
import type { Staging } from '../staging/staging.js'
import type { TransferStore } from '../transfer/transfer-store.js'
import { columnOf, type DealStore } from './deal-store.js'
import type { Ledger } from './ledger.js'

/** Ends deals that can never succeed: the reason into the row, what they held given back, their bytes to the trash. */
export class EndDeal {
  constructor(
    private readonly deals: DealStore,
    private readonly transfers: TransferStore,
    private readonly ledger: Ledger,
    private readonly staging: Staging,
    private readonly offers: Offers,
    private readonly log: Log,
  ) {}

  /**
   * Fails a deal that is still here abroad. Home is told to forget it if it was offered.
   * @param deal the row as read; a row that has moved on since is left alone (STALE_TURN)
   */
  async fail(deal: DealTable, cause: unknown): Promise<void> {
    const failure = failureOf(cause)
    await writing(this.deals.db, async (trx) => {
      const changes = {
        ...(await this.ledger.giveBackStaging(trx, deal)),
        ...(await this.ledger.giveBackCollateral(trx, deal)),
        staged: 0,
        failure: columnOf({ ...failure, remedy: 'drop' }),
      }
      await this.deals.move(trx, deal, 'failed', changes, failure.text)
      const transfer = await this.transfers.read(deal.deal_uuid, trx)
      if (transfer !== undefined && knows(transferTransitions, transfer.state, 'gaveUp')) {
        await this.transfers.move(trx, transfer, 'gaveUp', { failure: columnOf(failure) })
      }
      if (deal.state === 'Transferred') await this.offers.withdraw(trx, deal.deal_uuid, failure.text)
    })
    this.offers.poke()
    const facts = cause instanceof ProviderError ? cause.facts : { code: failure.code }
    this.log.warn('deal failed', { dealUuid: deal.deal_uuid, ...facts, reason: failure.text })
    await this.staging.discard(deal.deal_uuid, failure.text)
  }
}
