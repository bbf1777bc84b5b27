import { Injectable } from '@nestjs/common'
import { minerV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'

export type Fact = Exclude<minerV1.SubscribeResponse['fact'], undefined>

/** The miner's facts for home, in one dense durable sequence. `append` runs in the transaction that made the fact true. */
@Injectable()
export class EventStore {
  readonly #listeners = new Set<() => void>()
  readonly #startedMs: number

  constructor(
    private readonly db: MinerDb,
    private readonly clock: Clock,
  ) {
    this.#startedMs = clock.now()
  }

  /** Writes one fact and returns its sequence. `epoch`: the epoch the fact belongs to. */
  async append(trx: MinerTransaction, epoch: number, fact: Fact): Promise<number> {
    const last = await trx
      .selectFrom('events')
      .select((eb) => eb.fn.max('sequence').as('sequence'))
      .executeTakeFirst()
    const sequence = Number(last?.sequence ?? 0) + 1
    const body = minerV1.SubscribeResponse.encode({ sequence, epoch, fact }).finish()
    await trx.insertInto('events').values({ sequence, epoch, at_ms: this.clock.now(), fact: body }).execute()
    // Listeners read on the reader handle: they see the row only after this transaction's commit, hence the turn of the event loop.
    setImmediate(() => this.#tell())
    return sequence
  }

  /** Facts after `sequence` in order, at most `limit`. */
  async after(sequence: number, limit = 500): Promise<minerV1.SubscribeResponse[]> {
    const rows = await this.db
      .selectFrom('events')
      .select(['sequence', 'fact'])
      .where('sequence', '>', sequence)
      .orderBy('sequence')
      .limit(limit)
      .execute()
    return rows.map((row) => ({ ...minerV1.SubscribeResponse.decode(row.fact), sequence: row.sequence }))
  }

  /**
   * A reader who has had more facts than there are: this database was restored from an older backup. What was appended since this
   * process started is moved behind what he has had, and the sequence goes on from there; all before that he knows.
   * Returns how many facts were moved, undefined when he is not ahead.
   */
  async goOnAfter(sequence: number): Promise<number | undefined> {
    return await writing(this.db, async (trx) => {
      const last = await trx
        .selectFrom('events')
        .select(['sequence', 'epoch'])
        .orderBy('sequence', 'desc')
        .limit(1)
        .executeTakeFirst()
      if (sequence <= (last?.sequence ?? 0)) return undefined
      const moved = await trx
        .updateTable('events')
        .set((eb) => ({ sequence: eb('sequence', '+', sequence) }))
        .where('at_ms', '>=', this.#startedMs)
        .executeTakeFirst()
      // The reader's own last fact, whatever it was, so that the next one gets a number above it.
      const place = { sequence, epoch: last?.epoch ?? 0, at_ms: this.clock.now(), fact: new Uint8Array() }
      await trx.insertInto('events').values(place).execute()
      return Number(moved.numUpdatedRows)
    })
  }

  /** One fact in a transaction of its own. */
  async appendAlone(epoch: number, fact: Fact): Promise<number> {
    return await writing(this.db, (trx) => this.append(trx, epoch, fact))
  }

  /** Calls `listener` after each commit that may have added facts; the returned function ends it. */
  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
