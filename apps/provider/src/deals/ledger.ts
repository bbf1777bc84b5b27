import { type AttoFil, addFil, attoFil, attoFilFromText, subtractFil } from '@sealane/fil-units'
import type { Kysely } from 'kysely'
import type { DealTable, ProviderDb, ProviderTables, ProviderTransaction } from '../provider-db.js'

/** What accepted deals hold together. */
export interface Held {
  readonly stagingBytes: number
  readonly collateral: AttoFil
}

/** What a deal's row says it holds. */
type Holding = Pick<DealTable, 'staging_reserved' | 'collateral_reserved' | 'provider_collateral'>

/**
 * Disk and escrow that accepted deals hold, so that two deals are never promised the same byte or coin. A holding is
 * taken and given back in the transaction that moves the deal; the sums are one row, so accepting a deal stays cheap
 * however many there are.
 */
export class Ledger {
  constructor(private readonly db: ProviderDb) {}

  async held(trx: Kysely<ProviderTables> = this.db): Promise<Held> {
    const row = await trx.selectFrom('totals').selectAll().executeTakeFirstOrThrow()
    return { stagingBytes: row.staging_bytes, collateral: attoFilFromText(row.collateral) }
  }

  /** Takes what a new deal's row says it holds. */
  async take(trx: ProviderTransaction, holding: Holding): Promise<void> {
    await this.#change(trx, holding, 1)
  }

  /** Gives a deal's disk back. Returns the columns to write to its row. */
  async giveBackStaging(trx: ProviderTransaction, deal: Holding): Promise<{ staging_reserved: 0 }> {
    await this.#change(trx, { ...deal, collateral_reserved: 0 }, -1)
    return { staging_reserved: 0 }
  }

  /** Gives a deal's collateral back: the chain holds it now, or nobody needs it. */
  async giveBackCollateral(trx: ProviderTransaction, deal: Holding): Promise<{ collateral_reserved: 0 }> {
    await this.#change(trx, { ...deal, staging_reserved: 0 }, -1)
    return { collateral_reserved: 0 }
  }

  /** Adds the sums up again from the rows. For start-up: a hand-edited or restored database must not lock deals out. */
  async recount(trx: ProviderTransaction): Promise<Held> {
    const { bytes } = await trx
      .selectFrom('deals')
      .select((eb) => eb.fn.sum<number | null>('staging_reserved').as('bytes'))
      .executeTakeFirstOrThrow()
    const holders = await trx
      .selectFrom('deals')
      .select('provider_collateral')
      .where('collateral_reserved', '=', 1)
      .execute()
    const collateral = addFil(attoFil(0n), ...holders.map((row) => attoFilFromText(row.provider_collateral)))
    await trx
      .updateTable('totals')
      .set({ staging_bytes: bytes ?? 0, collateral: collateral.toString() })
      .execute()
    return { stagingBytes: bytes ?? 0, collateral }
  }

  async #change(trx: ProviderTransaction, holding: Holding, sign: 1 | -1): Promise<void> {
    const held = await this.held(trx)
    const amount =
      holding.collateral_reserved === 1 ? attoFilFromText(holding.provider_collateral) : attoFil(0n)
    const collateral = sign === 1 ? addFil(held.collateral, amount) : subtractFil(held.collateral, amount)
    await trx
      .updateTable('totals')
      .set({
        staging_bytes: held.stagingBytes + sign * holding.staging_reserved,
        collateral: collateral.toString(),
      })
      .execute()
  }
}
