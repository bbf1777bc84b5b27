import { writing } from '@sealane/sql'
import { CompiledQuery, type Kysely, type Transaction } from 'kysely'
import { gathered } from '../gathered.js'

/** Writers of one transaction at most: the event loop waits for all of them. */
const mostTogether = 128
/** About what an fsync takes: the event loop reads on meanwhile, and the disk serves several for one. Unit: ms. */
const waitMs = 3

type Writer<DB, T> = (trx: Transaction<DB>) => Promise<T>

const savepoint = CompiledQuery.raw('SAVEPOINT one')
const undo = CompiledQuery.raw('ROLLBACK TO one')
const release = CompiledQuery.raw('RELEASE one')

/**
 * As `writing`, with writers that come together put into one transaction: many small commits cost one fsync. Each stands
 * behind a savepoint of its own, so that one's failure is only its own; nobody is answered before the commit is durable.
 */
export function groupedWriting<DB, T = void>(db: Kysely<DB>): (writer: Writer<DB, T>) => Promise<T> {
  // When the transaction itself fails, on a full disk for instance, nothing of anybody is written.
  return gathered({ most: mostTogether, waitMs }, (writers: readonly Writer<DB, T>[]) =>
    writing(db, async (trx) => {
      const outcomes: PromiseSettledResult<T>[] = []
      for (const write of writers) {
        await trx.executeQuery(savepoint)
        try {
          outcomes.push({ status: 'fulfilled', value: await write(trx) })
        } catch (reason) {
          await trx.executeQuery(undo)
          outcomes.push({ status: 'rejected', reason })
        }
        await trx.executeQuery(release)
      }
      return outcomes
    }),
  )
}
