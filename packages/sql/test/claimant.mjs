// A process that claims turns of one row as fast as it can, sending a snapshot with each, until it is killed.
// Prints each turn it won, after the commit: what is printed must still be there after a kill -9.
import { writeSync } from 'node:fs'
import { compareAndSet, inbox, openDatabase, openOutbox, SqlError, writing } from '@sealane/sql'

const [, , url, name, receiverUrl] = process.argv
const db = await openDatabase(url)
const receiver = await openDatabase(receiverUrl)
const outbox = await openOutbox(db, { name: 'abroad', now: Date.now() })
for (;;) {
  try {
    const { turn } = await db
      .selectFrom('things')
      .select('turn')
      .where('id', '=', 1)
      .executeTakeFirstOrThrow()
    const won = await writing(db, async (trx) => {
      const next = await compareAndSet(trx, 'things', { id: 1 }, turn, { state: name })
      await trx.insertInto('wins').values({ turn: next, name }).execute()
      await outbox.put(trx, `thing-${next % 3}`, { turn: next, name }, Date.now())
      return next
    })
    writeSync(1, `won ${won}\n`)
  } catch (error) {
    if (!(error instanceof SqlError && error.code === 'STALE_TURN')) throw error
  }
  // The crossing: deliver whatever is due, twice, acknowledge some.
  const due = await outbox.unacknowledged(Date.now(), 5)
  for (const message of [...due, ...due]) {
    await writing(receiver, async (trx) => {
      if (!(await inbox.accept(trx, message.sender, message.subject, message.sequence))) return
      await trx
        .insertInto('effects')
        .values({ subject: message.subject, sequence: message.sequence })
        .execute()
    })
  }
  await outbox.sent(due, Date.now())
  const [first] = due
  if (first) await outbox.acknowledge(first.sender, first.subject, first.sequence)
}
