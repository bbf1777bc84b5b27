import { Log } from '@sealane/host'
import type { DealProgress, outward, PayloadOf } from '@sealane/jobs'
import { inbox, type Outbox, writing } from '@sealane/sql'
import type { AskBook } from '../asks/ask-book.js'
import { columnOf, type DealStore } from '../deals/deal-store.js'
import { dealStateAt, eventsTo } from '../deals/follow-home.js'
import type { Ledger } from '../deals/ledger.js'
import type { DealTable, ProviderTransaction } from '../provider-db.js'

/** States in which the chain, not our books, holds a deal's collateral. */
const lockedOnChain: readonly string[] = ['Published', 'Sealing', 'Active']

/** Takes what home says: each snapshot once, in one transaction with its effect. */
export class TakeOutward {
  constructor(
    private readonly deals: DealStore,
    private readonly ledger: Ledger,
    private readonly asks: AskBook,
    private readonly outbox: Outbox,
    private readonly log: Log,
  ) {}

  /** Commits one job's effect. */
  async take(job: PayloadOf<typeof outward>): Promise<void> {
    const { message } = job
    if (message.kind === 'acknowledgements') {
      for (const { sender, subject, sequence } of message.of) {
        if (await this.outbox.acknowledge(sender, subject, sequence)) await this.#taken(subject)
      }
      return
    }
    await writing(this.deals.db, async (trx) => {
      if (!(await inbox.accept(trx, job.sender, job.subject, job.sequence))) return
      if (message.kind === 'askSigned') await this.asks.signed(trx, message)
      else await this.#progress(trx, message)
    })
  }

  /** An acknowledged subject that is a deal's uuid: home has committed its offer, or its withdrawal. */
  async #taken(dealUuid: string): Promise<void> {
    await writing(this.deals.db, async (trx) => {
      const deal = await this.deals.read(dealUuid, trx)
      if (deal?.state === 'Transferred') await this.deals.update(trx, deal, { home_took_offer: 1 })
    })
  }

  async #progress(trx: ProviderTransaction, progress: DealProgress): Promise<void> {
    let deal = await this.deals.read(progress.dealUuid, trx)
    if (deal === undefined)
      return this.log.warn('home tells of a deal that is not here', { dealUuid: progress.dealUuid })
    const target = dealStateAt(progress) ?? deal.state
    const events = eventsTo(deal.state, target)
    if (events === undefined) {
      this.log.warn('home is elsewhere with a deal', {
        dealUuid: deal.deal_uuid,
        here: deal.state,
        home: progress.pieceState,
      })
    }
    for (const event of events ?? []) deal = await this.deals.move(trx, deal, event, {}, detailOf(progress))
    deal = await this.deals.update(trx, deal, factsOf(progress, deal))
    if (deal.collateral_reserved === 1 && (lockedOnChain.includes(deal.state) || deal.live === 0)) {
      await this.deals.update(trx, deal, await this.ledger.giveBackCollateral(trx, deal))
    }
  }
}

function detailOf(progress: DealProgress): string {
  const parts = [
    progress.publishCid === null ? undefined : `publish ${progress.publishCid}`,
    progress.dealId === null ? undefined : `deal id ${progress.dealId}`,
    progress.sectorNumber === null ? undefined : `sector ${progress.sectorNumber}`,
    progress.failure?.text,
  ]
  return parts.filter((part) => part !== undefined).join(', ')
}

/** Home's facts as the row keeps them. A snapshot is whole: what it no longer says is no longer so. */
function factsOf(progress: DealProgress, deal: DealTable) {
  const { waitingFor, failure } = progress
  return {
    piece_state: progress.pieceState,
    publication_state: progress.publicationState,
    publish_cid: progress.publishCid,
    deal_id: progress.dealId,
    sector_number: progress.sectorNumber,
    sector_state: progress.sectorState,
    pre_commit_cid: progress.preCommitCid,
    prove_commit_cid: progress.proveCommitCid,
    window_post_cid: progress.windowPostCid,
    active_epoch: progress.activeEpoch,
    proven_epoch: progress.provenEpoch,
    failure: failure === null ? null : columnOf(failure),
    waiting:
      waitingFor === null || deal.live === 0
        ? null
        : columnOf({ for: waitingFor, who: 'home', sinceMs: deal.state_since_ms, untilEpoch: null }),
  }
}
