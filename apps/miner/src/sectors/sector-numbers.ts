import { Injectable } from '@nestjs/common'
import { ChainPort } from '@sealane/chain'
import { writing } from '@sealane/sql'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'

/** Most numbers one request may take. */
const MAX_COUNT = 256

/**
 * Hands out sector numbers, each once for ever: above our own rows, above what the chain has allocated, above what home's files show.
 * A restored backup of this database therefore never hands one out again.
 */
@Injectable()
export class SectorNumbers {
  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly actor: MinerActor,
    private readonly clock: Clock,
  ) {}

  /** @param highestKnown highest number in the caller's rows and files, 0 for none */
  async allocate(o: { requestId: string; count: number; highestKnown: number }): Promise<number[]> {
    if (
      o.requestId === '' ||
      !Number.isSafeInteger(o.highestKnown) ||
      o.highestKnown < 0 ||
      o.count < 1 ||
      o.count > MAX_COUNT
    ) {
      throw new MinerError({
        code: 'BAD_REQUEST',
        reason: `a request has an id and asks for 1 to ${MAX_COUNT} numbers`,
      })
    }
    const known = await this.#answered(this.db, o.requestId)
    if (known !== undefined) return known
    const { address } = await this.actor.require()
    const allocated = await this.chain.allocatedSectors(address, this.watch.head?.key)
    const onChain = allocated.isEmpty ? 0 : (allocated.last ?? 0)
    return await writing(this.db, async (trx) => {
      const meanwhile = await this.#answered(trx, o.requestId)
      if (meanwhile !== undefined) return meanwhile
      const row = await trx
        .selectFrom('sector_numbers')
        .select((eb) => eb.fn.max('sector_number').as('highest'))
        .executeTakeFirst()
      const first = Math.max(Number(row?.highest ?? 0), onChain, o.highestKnown) + 1
      const numbers = Array.from({ length: o.count }, (_, at) => first + at)
      const at_ms = this.clock.now()
      await trx
        .insertInto('number_requests')
        .values({ request_id: o.requestId, numbers: JSON.stringify(numbers), at_ms })
        .execute()
      await trx
        .insertInto('sector_numbers')
        .values(numbers.map((sector_number) => ({ sector_number, request_id: o.requestId, at_ms })))
        .execute()
      return numbers
    })
  }

  async isOurs(sectorNumber: number): Promise<boolean> {
    const row = await this.db
      .selectFrom('sector_numbers')
      .select('sector_number')
      .where('sector_number', '=', sectorNumber)
      .executeTakeFirst()
    return row !== undefined
  }

  async #answered(db: MinerDb | MinerTransaction, requestId: string): Promise<number[] | undefined> {
    const row = await db
      .selectFrom('number_requests')
      .select('numbers')
      .where('request_id', '=', requestId)
      .executeTakeFirst()
    return row === undefined ? undefined : (JSON.parse(row.numbers) as number[])
  }
}
