import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import Sqlite from 'better-sqlite3'
import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { SqlError } from './sql-error.js'
import { SqliteDriver } from './sqlite-driver.js'

/** How long another process may hold the write lock before a write fails. Unit: ms. */
const BUSY_TIMEOUT_MS = 10_000

/** SQLite's 2 MiB are fewer pages than the indexes of some thousand deals have. Unit: KiB a handle, taken as needed. */
const CACHE_KIB = 8192

/**
 * Pages of 4 KiB in the log before they are moved to the main file: 32 MiB. SQLite's 1,000 are reached every second
 * commit when deals pour in, and each time random pages are written and synced that the next commit changes again.
 */
const CHECKPOINT_PAGES = 8192

/**
 * Opens the database a URL names: `sqlite:/var/lib/x/x.db`, `sqlite:x.db` (relative to the working
 * directory), and creates it, with its directory, when it is not there.
 * WAL, synchronous = FULL (a commit survives a power cut), foreign keys on; money and other big numbers are TEXT.
 * Throws SqlError DATABASE_URL or DATABASE_CORRUPT (both `halt`).
 */
export async function openDatabase<DB>(url: string): Promise<Kysely<DB>> {
  const path = databasePath(url)
  mkdirSync(dirname(path), { recursive: true })
  const writer = open(path, true)
  const reader = open(path, false)
  reader.pragma('query_only = ON')
  // The directory entry of a new file is durable only after the directory is.
  const directory = openSync(dirname(path), 'r')
  fsyncSync(directory)
  closeSync(directory)
  return new Kysely<DB>({
    dialect: {
      createAdapter: () => new ManyConnections(),
      createDriver: () => new SqliteDriver(writer, reader),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  })
}

/** The driver does its own queueing, and only for writers. */
class ManyConnections extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

/** The file behind a `sqlite:` URL, absolute. Throws SqlError DATABASE_URL for any other scheme. */
export function databasePath(url: string): string {
  const match = /^sqlite:(?:\/\/)?(.+)$/.exec(url)
  if (match?.[1]) return resolve(decodeURI(match[1]))
  throw new SqlError({
    code: 'DATABASE_URL',
    url: url.replace(/:\/\/.*@/, '://…@'),
    reason: 'use sqlite:/absolute/path',
  })
}

function open(path: string, check: boolean): Sqlite.Database {
  let handle: Sqlite.Database
  try {
    handle = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS })
  } catch (cause) {
    throw new SqlError({ code: 'DATABASE_URL', url: `sqlite:${path}`, reason: String(cause) }, { cause })
  }
  try {
    handle.pragma('journal_mode = WAL')
    handle.pragma('synchronous = FULL')
    handle.pragma('foreign_keys = ON')
    handle.pragma('trusted_schema = OFF')
    handle.pragma(`cache_size = -${CACHE_KIB}`)
    handle.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    const finding = check ? handle.pragma('quick_check(1)', { simple: true }) : 'ok'
    if (finding !== 'ok') throw new SqlError({ code: 'DATABASE_CORRUPT', path, finding: String(finding) })
    return handle
  } catch (cause) {
    handle.close()
    if (cause instanceof Sqlite.SqliteError && /CORRUPT|NOTADB/.test(cause.code)) {
      throw new SqlError({ code: 'DATABASE_CORRUPT', path, finding: cause.message }, { cause })
    }
    throw cause
  }
}
