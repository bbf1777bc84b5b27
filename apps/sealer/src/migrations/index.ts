import { inboxMigration, type Migration, outboxMigration } from '@sealane/sql'
import { sealerMigration } from './0001-sealer.js'
import { toldAndSessionsMigration } from './0002-told-and-sessions.js'
import { offerDaysMigration } from './0003-offer-days.js'

/** Shipped migrations are frozen; new ones are appended. */
export const migrations: readonly Migration[] = [
  outboxMigration,
  inboxMigration,
  sealerMigration,
  toldAndSessionsMigration,
  offerDaysMigration,
]
