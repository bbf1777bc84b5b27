import type { DealTable } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'
import type { TransferRunner } from '../transfer/transfer-runner.js'
import type { DealStore } from './deal-store.js'
import type { EndDeal } from './end-deal.js'

/** States in which the deal is still ours alone. */
const ours = ['Accepted', 'AwaitingData', 'Transferring', 'Transferred'] as const

/** Ends a deal because the operator says so, while home has not taken it. */
export class CancelDeal {
  constructor(
    private readonly deals: DealStore,
    private readonly end: EndDeal,
    private readonly running: TransferRunner,
  ) {}

  /**
   * Stops the transfer, gives back what the deal held, tells the client in its status. Returns the row.
   * @throws {ProviderError} DEAL_UNKNOWN, NOT_CANCELLABLE
   */
  async cancel(id: string): Promise<DealTable> {
    const { deal_uuid: dealUuid } = await this.deals.find(id)
    await this.running.cancel(dealUuid)
    const deal = await this.deals.get(dealUuid)
    if (!ours.some((state) => state === deal.state) || deal.home_took_offer === 1) {
      throw new ProviderError({ code: 'NOT_CANCELLABLE', dealUuid, state: deal.state })
    }
    await this.end.fail(deal, new ProviderError({ code: 'CANCELLED' }))
    return await this.deals.get(dealUuid)
  }
}
