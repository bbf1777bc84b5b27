export interface Column {
  readonly name: string
  /** Printed on a line of its own below the row: `  Message: …`. */
  readonly ownLine?: boolean
}

/**
 * Rows as lotus' own table writer lays them out: every cell, the last one too, padded to its column's widest plus two;
 * a column in which no row has anything is left out. Source: filecoin-project/lotus lib/tablewriter.
 */
export function columnTable(
  columns: readonly Column[],
  rows: readonly Readonly<Record<string, string | undefined>>[],
): string {
  const filled = columns.filter(({ name }) => rows.some((row) => row[name] !== undefined))
  const side = filled.filter((column) => column.ownLine !== true)
  const widths = side.map(({ name }) => Math.max(width(name), ...rows.map((row) => width(row[name] ?? ''))))
  const padded = (cells: readonly string[]) =>
    `${cells.map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) + 2 - width(cell))).join('')}\n`
  const body = rows.map((row) => {
    const own = filled.filter((column) => column.ownLine === true && row[column.name] !== undefined)
    return (
      padded(side.map(({ name }) => row[name] ?? '')) +
      own.map(({ name }) => `  ${name}: ${row[name]}\n`).join('')
    )
  })
  return padded(side.map(({ name }) => name)) + body.join('')
}

// What a terminal swallows: colours.
const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g')

function width(cell: string): number {
  return [...cell.replace(escapes, '')].length
}
