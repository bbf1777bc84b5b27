import { chmodSync, closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { SqlError } from './sql-error.js'

/** How long a writer of the source may keep us waiting. Unit: ms. */
const BUSY_TIMEOUT_MS = 60_000

/**
 * Copies the SQLite database at `path` to the new file `target` (mode 0600) as of one moment, while its app goes on reading and
 * writing, then checks the copy. For backups. Throws SqlError DATABASE_URL or DATABASE_CORRUPT.
 */
export function copyDatabase(path: string, target: string): void {
  if (!existsSync(path)) throw refused(path, 'is not there')
  if (existsSync(target)) throw refused(target, 'is there already')
  const source = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS, fileMustExist: true })
  try {
    // One read transaction for the whole copy; WAL keeps the writer going beside it.
    source.prepare('VACUUM INTO ?').run(target)
  } catch (cause) {
    if (cause instanceof Sqlite.SqliteError && /CORRUPT|NOTADB/.test(cause.code)) {
      throw new SqlError({ code: 'DATABASE_CORRUPT', path, finding: cause.message }, { cause })
    }
    throw cause
  } finally {
    source.close()
  }
  chmodSync(target, 0o600)
  const copy = new Sqlite(target, { readonly: true })
  try {
    const finding = copy.pragma('integrity_check(1)', { simple: true })
    if (finding !== 'ok')
      throw new SqlError({ code: 'DATABASE_CORRUPT', path: target, finding: String(finding) })
  } finally {
    copy.close()
  }
  const file = openSync(target, 'r+')
  fsyncSync(file)
  closeSync(file)
}

function refused(path: string, reason: string): SqlError {
  return new SqlError({ code: 'DATABASE_URL', url: `sqlite:${path}`, reason })
}
