import { join } from 'node:path'
import { mkdirDurable } from '@sealane/host'
import { type HeldLock, holdLock, migrate, openDatabase } from '@sealane/sql'
import { migrations } from './migrations/index.js'
import type { ProviderDb, ProviderTables } from './provider-db.js'

/**
 * Opens deals.db in the state directory, as the only process on it, and brings its schema up to date.
 * @throws {SqlError} LOCKED when another provider runs there
 */
export async function openProviderDb(stateDir: string): Promise<{ db: ProviderDb; lock: HeldLock }> {
  await mkdirDurable(stateDir, 0o700)
  const lock = holdLock(join(stateDir, 'lock'))
  const db = await openDatabase<ProviderTables>(`sqlite:${join(stateDir, 'deals.db')}`)
  await migrate(db, migrations)
  return { db, lock }
}
