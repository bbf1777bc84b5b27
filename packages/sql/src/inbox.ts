import type { Transaction } from 'kysely'
import type { Migration } from './migrate.js'

/** Add this to the migrations of an app that receives. */
export const inboxMigration: Migration = {
  name: 'sealane-inbox-1',
  statements: [
    `CREATE TABLE inbox (
       name TEXT NOT NULL, subject TEXT NOT NULL, incarnation TEXT NOT NULL, sequence INTEGER NOT NULL,
       PRIMARY KEY (name, subject)) WITHOUT ROWID`,
  ],
}

interface InboxTables {
  inbox: { name: string; subject: string; incarnation: string; sequence: number }
}

/** What a sender calls itself: `<name>~<incarnation>`, see OutboxMessage. */
const SENDER = /^([a-z0-9.-]{1,64})~([0-9a-f]{28})$/

/**
 * Records that (sender, subject, sequence) has come, in the transaction that acts on it.
 * `true`: newer than anything known of this subject, act on it. `false`: old or a repeat, change nothing.
 * Either way acknowledge it after the commit. A sender of another shape is refused with a RangeError.
 */
async function accept<DB>(
  trx: Transaction<DB>,
  sender: string,
  subject: string,
  sequence: number,
): Promise<boolean> {
  const [, name, incarnation] = SENDER.exec(sender) ?? []
  if (name === undefined || incarnation === undefined || !Number.isSafeInteger(sequence) || sequence < 1) {
    throw new RangeError('inbox: sender or sequence is malformed')
  }
  const mine = trx as unknown as Transaction<InboxTables>
  const result = await mine
    .insertInto('inbox')
    .values({ name, subject, incarnation, sequence })
    .onConflict((conflict) =>
      conflict
        .columns(['name', 'subject'])
        .doUpdateSet({ incarnation, sequence })
        .where((eb) =>
          eb.or([
            eb('inbox.incarnation', '<', incarnation),
            eb.and([eb('inbox.incarnation', '=', incarnation), eb('inbox.sequence', '<', sequence)]),
          ]),
        ),
    )
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

/** The receiving end of an outbox. */
export const inbox = { accept }
