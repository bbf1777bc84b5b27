import { Log, type Repeated, repeatedly } from '@sealane/host'
import { SqlError, writing } from '@sealane/sql'
import { sql } from 'kysely'
import type { DealStore } from '../deals/deal-store.js'
import type { Ledger } from '../deals/ledger.js'
import type { Staging } from './staging.js'

/** How often staging is looked through without a reason. Unit: ms. */
const sweepEveryMs = 60_000

/** States of a deal whose bytes are needed here: they arrive, or home has not said that it has them. */
const neededHere = ['Accepted', 'AwaitingData', 'Transferring', 'Transferred'] as const

/** Trashes staged bytes, but only those that home has acknowledged to hold, or that belong to no deal any more. */
export class EmptyStaging {
  #sweeping: Repeated | undefined

  constructor(
    private readonly deals: DealStore,
    private readonly ledger: Ledger,
    private readonly staging: Staging,
    private readonly log: Log,
  ) {}

  /** Looks now, whenever poked, and every minute. */
  start(): void {
    const run = () => this.#sweep()
    this.#sweeping = repeatedly({ name: 'emptying of staging', everyMs: sweepEveryMs, run, log: this.log })
  }

  poke(): void {
    this.#sweeping?.nudge()
  }

  async stop(): Promise<void> {
    await this.#sweeping?.close()
  }

  /** At start: files without a deal that needs them are trashed, deals whose file is gone are told. */
  async reconcile(): Promise<string[]> {
    const found = new Set(await this.staging.found())
    const needed = await this.deals.db
      .selectFrom('deals')
      .select(['deal_uuid', 'staged'])
      .where((eb) => eb.or([eb('staged', '=', 1), eb('state', 'in', neededHere)]))
      .execute()
    const known = new Set(needed.map((deal) => deal.deal_uuid))
    for (const dealUuid of found) {
      if (!known.has(dealUuid)) await this.staging.discard(dealUuid, 'no deal needs these bytes')
    }
    return needed
      .filter((deal) => deal.staged === 1 && !found.has(deal.deal_uuid))
      .map((deal) => deal.deal_uuid)
  }

  async #sweep(): Promise<void> {
    const done = await this.deals.db
      .selectFrom('deals')
      .selectAll()
      .where('staged', '=', sql.lit(1))
      .where('state', 'not in', neededHere)
      .limit(1000)
      .execute()
    for (const deal of done) {
      // First the file, then the row: a crash in between finds nothing to trash and goes on.
      await this.staging.discard(deal.deal_uuid, `home has it: deal ${deal.state}`)
      try {
        await writing(this.deals.db, async (trx) => {
          const row = await this.deals.get(deal.deal_uuid, trx)
          await this.deals.update(trx, row, { ...(await this.ledger.giveBackStaging(trx, row)), staged: 0 })
        })
      } catch (error) {
        if (!(error instanceof SqlError && error.code === 'STALE_TURN')) throw error
        this.poke()
      }
    }
  }
}
