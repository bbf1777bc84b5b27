import type { Kysely, Transaction } from 'kysely'
import { committingAside, withinTransaction } from './sqlite-driver.js'

/**
 * Runs `fn` in one BEGIN IMMEDIATE transaction and returns its result; a throw rolls back.
 * Writers of this process queue up in order; other processes wait for `busy_timeout`.
 * Await only `trx` inside: anything else (a timer, a file, a socket, the outer `db` for writing)
 * is refused with SqlError AWAITED_OUTSIDE or WROTE_OUTSIDE and rolled back.
 * Called with a transaction it joins that transaction, so that stores compose.
 */
export async function writing<DB, T>(
  db: Kysely<DB> | Transaction<DB>,
  fn: (trx: Transaction<DB>) => Promise<T>,
): Promise<T> {
  if (db.isTransaction) return await fn(db as Transaction<DB>)
  return await db.transaction().execute((trx) => withinTransaction(trx, () => fn(trx)))
}

/**
 * As `writing`, but the event loop goes on while the disk takes the commit; resolves once it has. For places that commit hundreds of
 * times a second. Others may read the rows a few milliseconds before they are durable, so nothing outside may follow from
 * reading them: only from this promise.
 */
export async function writingAside<DB, T>(
  db: Kysely<DB>,
  fn: (trx: Transaction<DB>) => Promise<T>,
): Promise<T> {
  return await committingAside(db, (connection) => writing(connection, fn))
}
