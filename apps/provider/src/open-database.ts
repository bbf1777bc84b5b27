import { join } from 'node:path'
import { mkdirDurable } from '@sealane/host'
import { migrate, openDatabase } from '@sealane/sql'
import { migrations } from './migrations/index.js'
import type { ProviderDb, ProviderTables } from './provider-db.js'

/** Opens deals.db in the state directory and brings its schema up to date. */
export async function openProviderDb(stateDir: string): Promise<ProviderDb> {
  await mkdirDurable(stateDir, 0o700)
  const db = await openDatabase<ProviderTables>(`sqlite:${join(stateDir, 'deals.db')}`)
  await migrate(db, migrations)
  return db
}
