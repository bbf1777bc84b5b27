import { Log } from '@sealane/host'
import { SqlError, writing } from '@sealane/sql'
import type { ChainView } from '../chain/chain-view.js'
import { ProviderError } from '../provider-error.js'
import type { TransferRunner } from '../transfer/transfer-runner.js'
import type { DealStore } from './deal-store.js'
import type { EndDeal } from './end-deal.js'

/** States in which a passed start epoch is ours to notice, as long as home has not taken the offer. */
const ours = ['Accepted', 'AwaitingData', 'Transferring', 'Transferred'] as const

/** Deals looked at in one go; the rest follow in the next. */
const batch = 500

/** Ends deals whose time is over: those that can no longer start, and those that have run to their end. */
export class ExpireDeals {
  constructor(
    private readonly deals: DealStore,
    private readonly chain: ChainView,
    private readonly end: EndDeal,
    private readonly running: TransferRunner,
    private readonly log: Log,
  ) {}

  /** One sweep. Does nothing while no chain node answers. */
  async sweep(): Promise<void> {
    const head = await this.chain.head()
    if (head === 'unavailable') return
    const late = await this.deals.db
      .selectFrom('deals')
      .select('deal_uuid')
      .where('state', 'in', ours)
      .where('start_epoch', '<', head)
      .where('home_took_offer', '=', 0)
      .limit(batch)
      .execute()
    for (const { deal_uuid } of late) {
      await this.running.cancel(deal_uuid)
      await this.#unlessMoved(async () => {
        const deal = await this.deals.get(deal_uuid)
        if (!ours.some((state) => state === deal.state) || deal.home_took_offer === 1) return
        const facts = { code: 'START_EPOCH_PASSED', startEpoch: deal.start_epoch, headEpoch: head } as const
        await this.end.fail(deal, new ProviderError(facts))
      })
    }
    const ended = await this.deals.db
      .selectFrom('deals')
      .selectAll()
      .where('state', '=', 'Active')
      .where('end_epoch', '<', head)
      .limit(batch)
      .execute()
    for (const deal of ended) {
      await this.#unlessMoved(() =>
        writing(this.deals.db, async (trx) => {
          await this.deals.move(trx, deal, 'ended', {}, `at epoch ${deal.end_epoch}`)
        }),
      )
    }
  }

  async #unlessMoved(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof SqlError && error.code === 'STALE_TURN')) throw error
      this.log.debug('deal moved while it was being ended', { error })
    }
  }
}
