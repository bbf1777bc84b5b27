import { inboxMigration, type Migration, outboxMigration } from '@sealane/sql'
import { provider0001 } from './0001-provider.js'
import { provider0002 } from './0002-rows-in-order.js'

/** The schema of deals.db, oldest first. Shipped ones are frozen. */
export const migrations: readonly Migration[] = [outboxMigration, inboxMigration, provider0001, provider0002]
