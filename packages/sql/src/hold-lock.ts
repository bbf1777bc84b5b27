import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { SqlError } from './sql-error.js'

export interface HeldLock {
  release(): void
}

/**
 * Takes the lock that `path` names for the life of this process: a second process on the same state directory is refused
 * with SqlError LOCKED (`halt`). The kernel frees it when the process dies, however it dies; no stale lock exists.
 */
export function holdLock(path: string): HeldLock {
  mkdirSync(dirname(path), { recursive: true })
  closeSync(openSync(path, 'a', 0o600))
  chmodSync(path, 0o600)
  // SQLite's exclusive transaction is an fcntl lock, the only file lock that Node's libraries here offer.
  const handle = new Sqlite(path, { timeout: 0 })
  try {
    handle.pragma('journal_mode = DELETE')
    handle.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    handle.close()
    if (cause instanceof Sqlite.SqliteError && cause.code.startsWith('SQLITE_BUSY')) {
      throw new SqlError({ code: 'LOCKED', path, holder: holder(path) }, { cause })
    }
    throw cause
  }
  writeFileSync(`${path}.pid`, `${process.pid}\n`)
  return { release: () => handle.close() }
}

function holder(path: string): string {
  try {
    return `process ${readFileSync(`${path}.pid`, 'utf8').trim()}`
  } catch {
    return 'another process'
  }
}
