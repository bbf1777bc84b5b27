import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** One recorded case: a kind and whatever that kind carries. */
export interface RecordedCase {
  kind: string
  name?: string
  ok?: boolean
  error?: string | null
}

/** The recordings that this package holds. */
export const ownFolder = join(import.meta.dirname, '../vectors')

/** The folder that tests read: the one that SEALANE_VECTORS names, else our own. */
export function vectorFolder(): string {
  const other = process.env.SEALANE_VECTORS
  return other ? resolve(other) : ownFolder
}

/** The vector files of a folder. */
export function vectorFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
}

/** All cases of a vector file; none where the folder has no such file. */
export function casesOf(folder: string, file: string): RecordedCase[] {
  const path = join(folder, file)
  if (!existsSync(path)) return []
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: RecordedCase[] }
  return cases
}

/** How many cases a file holds of each kind, in the order of the file. */
export function countKinds(cases: readonly { kind: string }[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { kind } of cases) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  return counts
}
