import { type Address, addressProtocol, parseAddress, protocolOfAddress } from '@sealane/actors'
import { Health } from '@sealane/host'
import { writing } from '@sealane/sql'
import type { ProviderDb } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'

/**
 * Whose deals we take. The provider may run before its miner exists (the miner is created with our peer id), so the
 * address may come later, from the operator. Once deals are held it cannot change.
 */
export class MinerAddress {
  #address: Address | undefined

  constructor(
    private readonly db: ProviderDb,
    private readonly configured: string,
    private readonly health: Health,
  ) {}

  /** Reads what is stored and configured. @throws {ProviderError} MINER_CHANGED */
  async load(): Promise<void> {
    const row = await this.db
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'miner')
      .executeTakeFirst()
    if (this.configured !== '') await this.set(this.configured)
    else if (row !== undefined) this.#address = parseAddress(row.value)
    this.#shine()
  }

  /** The address, or undefined while there is none. */
  get(): Address | undefined {
    return this.#address
  }

  /** @throws {ProviderError} MINER_UNKNOWN */
  require(): Address {
    if (this.#address === undefined) throw new ProviderError({ code: 'MINER_UNKNOWN' })
    return this.#address
  }

  /** Stores the address. @throws {ProviderError} MINER_CHANGED when deals of another are held */
  async set(text: string): Promise<Address> {
    const address = parseAddress(text)
    if (protocolOfAddress(address) !== addressProtocol.id) {
      throw new ProviderError({
        code: 'ASK_REFUSED',
        reason: `a miner is named by its ID address, not ${text}`,
      })
    }
    await writing(this.db, async (trx) => {
      const stored = await trx
        .selectFrom('settings')
        .select('value')
        .where('name', '=', 'miner')
        .executeTakeFirst()
      if (stored !== undefined && stored.value !== address) {
        const deal = await trx.selectFrom('deals').select('deal_uuid').limit(1).executeTakeFirst()
        if (deal !== undefined) {
          throw new ProviderError({ code: 'MINER_CHANGED', configured: address, stored: stored.value })
        }
      }
      await trx
        .insertInto('settings')
        .values({ name: 'miner', value: address })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: address }))
        .execute()
    })
    this.#address = address
    this.#shine()
    return address
  }

  #shine(): void {
    const lamp = this.health.room('miner address')
    if (this.#address === undefined) lamp.red(new ProviderError({ code: 'MINER_UNKNOWN' }).message)
    else lamp.green()
  }
}
