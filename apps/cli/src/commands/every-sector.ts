import type { SectorRow } from '@sealane/proto'
import type { SealerClient } from '../connect/operators.js'

/** Rows asked for at once. */
const pageRows = 1_000

/** All sectors by number, or those in `states`. */
export async function everySector(sealer: SealerClient, states?: readonly string[]): Promise<SectorRow[]> {
  const rows: SectorRow[] = []
  for (let after = -1; ; ) {
    const page = await sealer['sectors.list']({ after, limit: pageRows })
    rows.push(...page)
    const last = page.at(-1)
    if (last === undefined || page.length < pageRows) break
    after = last.sectorNumber
  }
  return rows.filter((row) => states === undefined || states.includes(row.state))
}
