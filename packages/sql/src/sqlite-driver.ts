import { AsyncLocalStorage } from 'node:async_hooks'
import { type FileHandle, open } from 'node:fs/promises'
import type Sqlite from 'better-sqlite3'
import type {
  CompiledQuery,
  DatabaseConnection,
  Driver,
  Kysely,
  QueryResult,
  Transaction,
  TransactionSettings,
} from 'kysely'
import { SqlError } from './sql-error.js'
import { Statements } from './statements.js'

/** Marks the code running inside a transaction, so that a write past it is told instead of waiting for itself. */
const inside = new AsyncLocalStorage<RoutedConnection>()

/**
 * Two SQLite handles behind one Kysely: everything goes to the writer, one transaction at a time; while one is open,
 * SELECTs outside it read the last committed state on a handle of their own (WAL).
 * Kysely's own driver begins deferred and has one connection for all: a reader waits for the writer,
 * and a task that uses it inside its own transaction waits for itself for ever.
 */
export class SqliteDriver implements Driver {
  #tail: Promise<void> = Promise.resolve()
  #log: Promise<FileHandle> | undefined
  private readonly writer: Statements
  private readonly reader: Statements

  constructor(writer: Sqlite.Database, reader: Sqlite.Database) {
    this.writer = new Statements(writer)
    this.reader = new Statements(reader)
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new RoutedConnection(this.writer, this.reader, () => this.#lock())
  }

  async beginTransaction(connection: DatabaseConnection, _settings: TransactionSettings): Promise<void> {
    // Without it nothing could be made durable: then nothing is written either.
    if (routed(connection).aside) await this.#logFile()
    await routed(connection).begin()
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const { aside } = routed(connection)
    routed(connection).commit()
    if (aside) await this.#sync()
  }

  /** Puts every commit so far on the disk, without holding up the event loop. */
  async #sync(): Promise<void> {
    const log = await this.#logFile()
    await log.datasync()
  }

  /** SQLite's log, which it keeps as long as the writer is open. */
  #logFile(): Promise<FileHandle> {
    this.#log ??= open(`${this.writer.handle.name}-wal`, 'r').catch((cause: unknown) => {
      // Too many open files now are not too many for ever.
      this.#log = undefined
      throw cause
    })
    return this.#log
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    routed(connection).rollback()
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.reader.handle.close()
    this.writer.handle.close()
    const log = await this.#log?.catch(() => undefined)
    await log?.close()
  }

  /** Waits for its turn at the writer; the returned function gives the turn to the next in line. */
  async #lock(): Promise<() => void> {
    const before = this.#tail
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#tail = promise
    await before
    return resolve
  }
}

function routed(connection: DatabaseConnection): RoutedConnection {
  if (connection instanceof RoutedConnection) return connection
  throw new TypeError('not a connection of this driver')
}

class RoutedConnection implements DatabaseConnection {
  #unlock: (() => void) | undefined
  #watch: NodeJS.Immediate | undefined
  #overstayed = false
  /** Whether its commits reach the disk while the event loop goes on. */
  aside = false

  constructor(
    private readonly writer: Statements,
    private readonly reader: Statements,
    private readonly lock: () => Promise<() => void>,
  ) {}

  async begin(): Promise<void> {
    if (inside.getStore()?.open) throw new SqlError({ code: 'WROTE_OUTSIDE' })
    this.#unlock = await this.lock()
    try {
      // Only outside a transaction can this be changed, and SQLite does so when the text is prepared: never from a kept statement.
      if (this.aside) this.writer.handle.exec('PRAGMA synchronous = NORMAL')
      this.writer.handle.exec('BEGIN IMMEDIATE')
    } catch (cause) {
      this.#release()
      throw cause
    }
    // better-sqlite3 answers at once, so a transaction that awaits nothing else ends before the event loop turns.
    this.#watch = setImmediate(() => {
      this.#overstayed = true
      if (this.writer.handle.inTransaction) this.writer.handle.exec('ROLLBACK')
      this.#release()
    })
  }

  get open(): boolean {
    return this.#unlock !== undefined
  }

  commit(): void {
    if (this.#overstayed) throw new SqlError({ code: 'AWAITED_OUTSIDE' })
    this.writer.handle.exec('COMMIT')
    this.#release()
  }

  rollback(): void {
    if (this.#unlock === undefined) return
    // A full disk or an I/O error ends the transaction by itself.
    if (this.writer.handle.inTransaction) this.writer.handle.exec('ROLLBACK')
    this.#release()
  }

  #release(): void {
    if (this.aside && this.writer.handle.open) this.writer.handle.exec('PRAGMA synchronous = FULL')
    if (this.#watch) clearImmediate(this.#watch)
    this.#watch = undefined
    const unlock = this.#unlock
    this.#unlock = undefined
    unlock?.()
  }

  /** Runs one statement inside the transaction, past Kysely. */
  write(text: string, values: readonly unknown[]): void {
    if (this.#overstayed) throw new SqlError({ code: 'AWAITED_OUTSIDE' })
    if (this.#unlock === undefined) throw new TypeError('not inside a transaction')
    this.writer.prepare(text).run(...values)
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#overstayed) throw new SqlError({ code: 'AWAITED_OUTSIDE' })
    if (this.#unlock !== undefined) return this.#write<R>(query)
    if (query.query.kind === 'SelectQueryNode') {
      // The writer's cache knows what was just committed; the reader's is emptied by every commit.
      return run<R>(this.writer.handle.inTransaction ? this.reader : this.writer, query)
    }
    if (inside.getStore()?.open) throw new SqlError({ code: 'WROTE_OUTSIDE' })
    const unlock = await this.lock()
    try {
      return this.#write<R>(query)
    } finally {
      unlock()
    }
  }

  #write<R>(query: CompiledQuery): QueryResult<R> {
    const result = run<R>(this.writer, query)
    if (changesSchema.test(query.sql)) {
      this.writer.forget()
      this.reader.forget()
    }
    return result
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    // Not a kept one: it is busy while it is read.
    const statement = this.reader.handle.prepare<unknown[], R>(query.sql)
    for (const row of statement.iterate(...query.parameters)) yield { rows: [row] }
  }

  /** Runs `fn` as the inside of this connection's transaction. */
  within<T>(fn: () => Promise<T>): Promise<T> {
    return inside.run(this, fn)
  }
}

/** The connections of running transactions. */
const connections = new WeakMap<object, RoutedConnection>()

/**
 * Runs `fn` with a connection of its own whose commits hold up nobody: they reach the disk in a thread of Node's pool,
 * and only then does the transaction resolve. Others see the rows already before.
 */
export async function committingAside<DB, T>(
  db: Kysely<DB>,
  fn: (connection: Kysely<DB>) => Promise<T>,
): Promise<T> {
  return await db.connection().execute(async (one) => {
    const connection = routed(await one.getExecutor().provideConnection(async (lent) => lent))
    connection.aside = true
    return await fn(one)
  })
}

/** Runs `fn` marked as the inside of the transaction `trx`. */
export async function withinTransaction<DB, T>(trx: Transaction<DB>, fn: () => Promise<T>): Promise<T> {
  // Only looked up, not held: Kysely lends a transaction's connection to one borrower at a time, and `fn`'s own queries are the borrowers.
  const connection = routed(await trx.getExecutor().provideConnection(async (lent) => lent))
  connections.set(trx, connection)
  return await connection.within(fn)
}

/**
 * Runs one statement inside the transaction `trx`, at once. For places that write thousands of rows a second: Kysely's way there costs
 * several times what SQLite does with a row.
 */
export function runDirectly<DB>(trx: Transaction<DB>, text: string, values: readonly unknown[] = []): void {
  const connection = connections.get(trx)
  if (connection === undefined) throw new TypeError('not a transaction of writing()')
  connection.write(text, values)
}

const changesSchema = /^\s*(create|alter|drop|reindex|pragma)\b/i

function run<R>(statements: Statements, query: CompiledQuery): QueryResult<R> {
  const statement = statements.prepare(query.sql)
  if (statement.reader) return { rows: statement.all(...query.parameters) as R[] }
  const { changes, lastInsertRowid } = statement.run(...query.parameters)
  return { rows: [], insertId: BigInt(lastInsertRowid), numAffectedRows: BigInt(changes) }
}
