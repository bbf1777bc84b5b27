import { Injectable } from '@nestjs/common'
import { ChainPort } from '@sealane/chain'
import { Log } from '@sealane/host'
import { writing } from '@sealane/sql'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'

/** So far above all known numbers may a number lie that is taken over: more than a site gives out between two backups. */
const ADOPTED_WITHIN = 100_000
/** Most numbers one request may take. */
const MAX_COUNT = 256

/**
 * Hands out sector numbers, each once for ever: above our own rows, above what the chain has allocated, above what home's files show.
 * A restored backup of this database therefore never hands one out again, and takes over those that home works with.
 */
@Injectable()
export class SectorNumbers {
  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly actor: MinerActor,
    private readonly clock: Clock,
    private readonly log: Log,
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
      const first = Math.max(await this.#highest(trx), onChain, o.highestKnown) + 1
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

  /**
   * Makes sure that this number may go onto the chain. One that home works with and this database does not know was given out after the
   * backup that it is: it becomes ours, as long as the chain has not allocated it. Throws MinerError NUMBER_NOT_OURS.
   */
  async requireOurs(sectorNumber: number): Promise<void> {
    const row = await this.db
      .selectFrom('sector_numbers')
      .select('sector_number')
      .where('sector_number', '=', sectorNumber)
      .executeTakeFirst()
    if (row !== undefined) return
    const { address } = await this.actor.require()
    const allocated = await this.chain.allocatedSectors(address, this.watch.head?.key)
    const refuse = (why: string) => new MinerError({ code: 'NUMBER_NOT_OURS', sector: sectorNumber }, why)
    if (allocated.has(sectorNumber))
      throw refuse(
        `sector number ${sectorNumber} is not in this database and used up on chain, by a sector with other facts: remove this one, its deals go into another`,
      )
    const highest = Math.max(await this.#highest(this.db), allocated.last ?? 0)
    if (sectorNumber > highest + ADOPTED_WITHIN)
      throw refuse(`sector number ${sectorNumber} was not allocated here: ask AllocateSectorNumbers`)
    const taken = { sector_number: sectorNumber, request_id: 'older-backup', at_ms: this.clock.now() }
    await writing(this.db, (trx) =>
      trx
        .insertInto('sector_numbers')
        .values(taken)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    )
    this.log.warn(
      'home works with a sector number that this database, an older backup, does not know: taken over',
      {
        sector: sectorNumber,
      },
    )
  }

  async #highest(db: MinerDb | MinerTransaction): Promise<number> {
    const row = await db
      .selectFrom('sector_numbers')
      .select((eb) => eb.fn.max('sector_number').as('highest'))
      .executeTakeFirst()
    return Number(row?.highest ?? 0)
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
