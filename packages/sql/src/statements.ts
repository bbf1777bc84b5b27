import type Sqlite from 'better-sqlite3'

/** Statements kept prepared; lists of many lengths would else grow without end. */
const mostKept = 256

/** Prepared statements of one handle by their text: preparing costs more than most of our queries. */
export class Statements {
  readonly #kept = new Map<string, Sqlite.Statement<unknown[], unknown>>()

  constructor(readonly handle: Sqlite.Database) {}

  prepare(text: string): Sqlite.Statement<unknown[], unknown> {
    const known = this.#kept.get(text)
    if (known !== undefined) return known
    const fresh = this.handle.prepare<unknown[], unknown>(text)
    if (this.#kept.size >= mostKept) this.#kept.delete(this.#kept.keys().next().value ?? '')
    this.#kept.set(text, fresh)
    return fresh
  }

  /** For changes of the schema: what a kept statement knows of its columns may be wrong now. */
  forget(): void {
    this.#kept.clear()
  }
}
