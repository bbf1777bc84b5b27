import { type Kysely, sql, type Transaction } from 'kysely'
import { writing } from './writing.js'

/** Writers of one transaction at most: the event loop waits for all of them. */
const mostTogether = 64

interface Waiting<DB> {
  readonly run: (trx: Transaction<DB>) => Promise<unknown>
  readonly resolve: (value: never) => void
  readonly reject: (cause: unknown) => void
}

/**
 * Puts writers that come while others are at work into one transaction: many small commits cost one fsync. Each stands
 * behind a savepoint of its own, so that one's failure is only its own; nobody is answered before the commit is durable.
 */
export class GroupedWriting<DB> {
  readonly #waiting: Waiting<DB>[] = []
  #working = false

  constructor(private readonly db: Kysely<DB>) {}

  /** As `writing`: runs `fn` in a transaction and returns its result once that is durable; a throw undoes what `fn` wrote. */
  async write<T>(fn: (trx: Transaction<DB>) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#waiting.push({ run: fn, resolve, reject })
    if (!this.#working) void this.#work()
    return await promise
  }

  async #work(): Promise<void> {
    this.#working = true
    while (this.#waiting.length > 0) {
      // Whoever has something to say in this turn of the event loop comes along.
      await new Promise((resolve) => setImmediate(resolve))
      await this.#together(this.#waiting.splice(0, mostTogether))
    }
    this.#working = false
  }

  async #together(group: readonly Waiting<DB>[]): Promise<void> {
    const settles: (() => void)[] = []
    try {
      await writing(this.db, async (trx) => {
        for (const { run, resolve, reject } of group) {
          await sql`SAVEPOINT one`.execute(trx)
          try {
            const value = await run(trx)
            settles.push(() => resolve(value as never))
          } catch (cause) {
            await sql`ROLLBACK TO one`.execute(trx)
            settles.push(() => reject(cause))
          }
          await sql`RELEASE one`.execute(trx)
        }
      })
    } catch (cause) {
      // The transaction itself failed, a full disk for instance: nothing of anybody is written.
      for (const { reject } of group) reject(cause)
      return
    }
    for (const settle of settles) settle()
  }
}
