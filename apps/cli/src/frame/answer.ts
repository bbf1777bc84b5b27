/** What a command found: one document for programs (`--json`), one text for people. */
export interface Answer {
  /** undefined: nothing is printed with --json, because it was printed already. bigints become decimal strings, bytes base 64. */
  readonly json: unknown
  /** Ends with a newline unless empty. */
  readonly text: string
  /** 1 when the answer itself is bad news, such as doctor's. Default 0. */
  readonly exitCode?: number
}

/** One JSON document of the house, indented as lotus prints its own. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, (_key, item: unknown) => plain(item), 2)}\n`
}

function plain(item: unknown): unknown {
  if (typeof item === 'bigint') return item.toString()
  // Node's Buffer has a toJSON of its own, which runs before this.
  if (item instanceof Uint8Array) return Buffer.from(item).toString('base64')
  return item
}

/** Lines as a text. */
export function lines(...rows: readonly string[]): string {
  return rows.map((row) => `${row}\n`).join('')
}
