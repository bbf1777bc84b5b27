import { runDirectly, writingAside } from '@sealane/sql'
import type { Kysely, Transaction } from 'kysely'
import { gathered } from '../gathered.js'

/** Writers of one transaction at most: the event loop waits for all of them. */
const mostTogether = 128

type Writer<DB, T> = (trx: Transaction<DB>) => Promise<T>

/**
 * As `writingAside`, with writers that come together put into one transaction: many small commits cost one fsync. Each stands
 * behind a savepoint of its own, so that one's failure is only its own; nobody is answered before the commit is durable.
 */
export function groupedWriting<DB, T = void>(db: Kysely<DB>): (writer: Writer<DB, T>) => Promise<T> {
  // When the transaction itself fails, on a full disk for instance, nothing of anybody is written.
  return gathered({ most: mostTogether }, (writers: readonly Writer<DB, T>[]) =>
    writingAside(db, async (trx) => {
      const outcomes: PromiseSettledResult<T>[] = []
      for (const write of writers) {
        runDirectly(trx, 'SAVEPOINT one')
        try {
          outcomes.push({ status: 'fulfilled', value: await write(trx) })
        } catch (reason) {
          runDirectly(trx, 'ROLLBACK TO one')
          outcomes.push({ status: 'rejected', reason })
        }
        runDirectly(trx, 'RELEASE one')
      }
      return outcomes
    }),
  )
}
