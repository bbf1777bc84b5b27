import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listTrash, trash } from '@sealane/host'
import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Claim, Sector } from '../sealer-db.js'
import { Rows } from '../testing/rows.js'
import { c1Path, dirsOf } from './hub-paths.js'
import { retireC1IfOver } from './retire.js'
import { retireLeftovers } from './retire-leftovers.js'

const dir = temporaryDirectory()
let count = 0
let rows: Rows
beforeEach(async () => {
  rows = await Rows.open(`${dir}/${++count}`)
  for (const name of ['c1', 'unsealed']) mkdirSync(join(dirsOf(rows.dir).hub, name), { recursive: true })
})
afterEach(() => rows.close())

const outputs = () => readdirSync(join(dirsOf(rows.dir).hub, 'c1')).sort()
const trashed = async () => (await listTrash(rows.dir)).map((one) => one.originalPath).sort()

/** A Commit1 claim with what it left on the hub. Returns its id. */
async function c1(sector: Sector, state: Claim['state'], turn = sector.turn): Promise<string> {
  const claim_id = randomUUID()
  const { sector_number } = sector
  const worker = { worker_id: 'w', hostname: 'h', storage_id: 'path-a' }
  const times = { started_ms: 0, expires_ms: 0, stage: null, fraction: null }
  await rows.db
    .insertInto('claims')
    .values({ claim_id, sector_number, task: 'c1', turn, state, ...worker, ...times })
    .execute()
  writeFileSync(path(claim_id), '{}')
  return claim_id
}
const path = (claimId: string) => c1Path(dirsOf(rows.dir).hub, { c1_claim: claimId })

describe('a sector that is Proving', () => {
  it('leaves no Commit1 output on the hub: that of an older seed and of a lost claim go as well', async () => {
    const sector = await rows.sector('Proving')
    const claims = [
      await c1(sector, 'completed', 6),
      await c1(sector, 'expired', 7),
      await c1(sector, 'completed', 8),
    ]
    await rows.db
      .updateTable('sectors')
      .set({ c1_claim: claims[2] ?? null })
      .execute()
    const other = await rows.sector('Commit2')
    const needed = await c1(other, 'completed')
    await rows.advance(sector.sector_number)
    expect(outputs()).toEqual([`${needed}.json`])
    expect(await trashed()).toEqual(claims.map(path).sort())
    expect((await rows.read(sector.sector_number)).wake_at).toBeNull()
  })

  it('whose coordinator was killed between two of them is finished by the next one', async () => {
    const sector = await rows.sector('Proving')
    const [first = '', second = ''] = [await c1(sector, 'completed', 6), await c1(sector, 'completed', 8)]
    await rows.db.updateTable('sectors').set({ c1_claim: second }).execute()
    // What the disk and the row are like at that moment: one is gone, the row still has its work to do.
    await trash(rows.dir, path(first), 'sector 1 is Proving', new Date())
    await rows.close()
    rows = await Rows.open(rows.dir)
    expect((await rows.read(sector.sector_number)).wake_at).not.toBeNull()
    await rows.advance(sector.sector_number)
    expect(outputs()).toEqual([])
    expect(await trashed()).toEqual([first, second].map(path).sort())
  })
})

describe('an upload that ends after its claim', () => {
  it('goes to the trash at once, and one that is waited for stays', async () => {
    const sector = await rows.sector('Commit1')
    const running = await c1(sector, 'running')
    const late = await c1(sector, 'expired')
    const proved = await rows.sector('Proving')
    const after = await c1(proved, 'completed')
    await rows.db.updateTable('sectors').set({ c1_claim: after }).where('state', '=', 'Proving').execute()
    for (const claim of [running, late, after]) await retireC1IfOver(claim, rows.db, dirsOf(rows.dir))
    expect(outputs()).toEqual([`${running}.json`])
  })
})

describe('a coordinator that starts', () => {
  it('moves away what a killed one left half done, and nothing that is needed or not known', async () => {
    const sector = await rows.sector('Commit2')
    const needed = await c1(sector, 'completed', 9)
    const running = await c1(await rows.sector('Commit1'), 'running')
    await rows.db.updateTable('sectors').set({ c1_claim: needed }).where('state', '=', 'Commit2').execute()
    await c1(sector, 'completed', 6)
    const unknown = randomUUID()
    writeFileSync(path(unknown), '{}')
    const half = `${path(randomUUID())}.0a1b2c3d4e5f.part`
    const unsealed = join(dirsOf(rows.dir).hub, 'unsealed', randomUUID())
    for (const file of [half, unsealed]) writeFileSync(file, 'bytes')
    await retireLeftovers(rows.db, dirsOf(rows.dir))
    expect(outputs()).toEqual([needed, running, unknown].map((claim) => `${claim}.json`).sort())
    expect(existsSync(unsealed)).toBe(false)
    expect(await trashed()).toHaveLength(3)
  })
})
