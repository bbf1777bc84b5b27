import type { Selectable } from 'kysely'
import type { PartitionTable } from './window-post-tables.js'

export type PartitionRow = Selectable<PartitionTable>

/** Names a partition's duty in one proving period. `periodStart` may be negative on a young chain. */
export interface PartitionKey {
  readonly periodStart: number
  readonly deadline: number
  readonly partition: number
}

/** As jobs and claims name a row: `<periodStart>/<deadline>/<partition>`. */
export function rowId({ periodStart, deadline, partition }: PartitionKey): string {
  return `${periodStart}/${deadline}/${partition}`
}

export function rowIdOf(row: Pick<PartitionRow, 'period_start' | 'deadline' | 'partition'>): string {
  return rowId({ periodStart: row.period_start, deadline: row.deadline, partition: row.partition })
}

/** undefined when the text names no row. */
export function parseRowId(text: string): PartitionKey | undefined {
  const match = /^(-?\d{1,15})\/(\d{1,3})\/(\d{1,9})$/.exec(text)
  if (match === null) return undefined
  return { periodStart: Number(match[1]), deadline: Number(match[2]), partition: Number(match[3]) }
}

/** A sector list as rows keep it. */
export function sectorsOf(json: string): number[] {
  return JSON.parse(json) as number[]
}
