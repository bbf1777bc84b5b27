import Sqlite from 'better-sqlite3'

/** True when an INSERT or UPDATE failed because a primary key or unique index has such a row already. */
export function isUniqueViolation(cause: unknown): boolean {
  return (
    cause instanceof Sqlite.SqliteError &&
    (cause.code === 'SQLITE_CONSTRAINT_UNIQUE' || cause.code === 'SQLITE_CONSTRAINT_PRIMARYKEY')
  )
}
