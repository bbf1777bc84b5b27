/**
 * Rows as Go's tabwriter lays them out with (2, 4, 2, ' '): every cell but the last padded to its column's widest plus two.
 * Source: S1 of the operator notes; Go text/tabwriter.
 */
export function tabTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell))
    })
  }
  return rows
    .map((row) => {
      const cells = row.map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) + 2 - width(cell)),
      )
      return `${cells.join('')}\n`
    })
    .join('')
}

/** Characters, as Go counts them. */
function width(cell: string): number {
  return [...cell].length
}
