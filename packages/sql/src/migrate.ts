import { createHash } from 'node:crypto'
import { type Kysely, sql, type Transaction } from 'kysely'
import { SqlError } from './sql-error.js'
import { writing } from './writing.js'

/** One step of a schema: SQL statements in order. Once shipped, never edited. */
export interface Migration {
  /** Unique and sortable by eye, such as `0003-add-turn`. */
  readonly name: string
  readonly statements: readonly string[]
}

interface MigrationTable {
  sealane_migrations: { position: number; name: string; digest: string; applied_at: number }
}

/**
 * Brings a database up to the last migration, each in its own transaction, and returns the names applied now.
 * Throws SqlError SCHEMA_NEWER when the database knows more than the list, MIGRATION_CHANGED when
 * a shipped migration's text differs from the one that ran, MIGRATION_FAILED when a statement fails.
 */
export async function migrate<DB>(db: Kysely<DB>, migrations: readonly Migration[]): Promise<string[]> {
  const own = db as unknown as Kysely<MigrationTable>
  await sql`CREATE TABLE IF NOT EXISTS sealane_migrations (
    position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, digest TEXT NOT NULL, applied_at INTEGER NOT NULL)`.execute(
    own,
  )
  const applied = await own.selectFrom('sealane_migrations').selectAll().orderBy('position').execute()
  for (const [position, row] of applied.entries()) {
    const known = migrations[position]
    if (known === undefined) {
      throw new SqlError({
        code: 'SCHEMA_NEWER',
        path: await fileOf(own),
        unknown: row.name,
        known: migrations.at(-1)?.name ?? 'nothing',
      })
    }
    if (known.name !== row.name || digest(known) !== row.digest) {
      throw new SqlError({ code: 'MIGRATION_CHANGED', name: known.name })
    }
  }
  const fresh: string[] = []
  for (const [position, migration] of migrations.entries()) {
    if (position < applied.length) continue
    await writing(own, (trx) => apply(trx, position, migration))
    fresh.push(migration.name)
  }
  return fresh
}

async function apply(
  trx: Transaction<MigrationTable>,
  position: number,
  migration: Migration,
): Promise<void> {
  // Another process may have been faster: the primary key decides, under the write lock.
  const done = await trx
    .selectFrom('sealane_migrations')
    .select('name')
    .where('position', '=', position)
    .executeTakeFirst()
  if (done !== undefined) return
  try {
    for (const statement of migration.statements) await sql.raw(statement).execute(trx)
  } catch (cause) {
    throw new SqlError({ code: 'MIGRATION_FAILED', name: migration.name, reason: String(cause) }, { cause })
  }
  await trx
    .insertInto('sealane_migrations')
    .values({ position, name: migration.name, digest: digest(migration), applied_at: Date.now() })
    .execute()
}

async function fileOf(db: Kysely<MigrationTable>): Promise<string> {
  const { rows } = await sql<{
    file: string
  }>`SELECT file FROM pragma_database_list WHERE name = 'main'`.execute(db)
  return rows[0]?.file ?? ''
}

/** White space may be re-formatted; anything else is a change. */
function digest(migration: Migration): string {
  const text = migration.statements.map((statement) => statement.replace(/\s+/g, ' ').trim()).join(';\n')
  return createHash('sha256').update(text).digest('hex')
}
