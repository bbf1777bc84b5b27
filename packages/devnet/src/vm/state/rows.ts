import type { DeepReadonly } from './deep-readonly.js'

type NumberKeyed<Row> = { readonly [number: number]: Row | undefined }

/** The rows of a table with their numbers, in ascending order. */
export function rows<Row>(table: NumberKeyed<Row>): [number, Row][] {
  const found: [number, Row][] = []
  for (const [key, row] of Object.entries(table) as [string, Row | undefined][]) {
    if (row !== undefined) found.push([Number(key), row])
  }
  // Keys above 2^32 − 2 are not kept in order by the language.
  return found.sort((a, b) => a[0] - b[0])
}

/** The lowest number that has a row. */
export function firstKey(table: NumberKeyed<DeepReadonly<unknown>>): number | undefined {
  let first: number | undefined
  for (const key in table) {
    const number = Number(key)
    if (first === undefined || number < first) first = number
  }
  return first
}
