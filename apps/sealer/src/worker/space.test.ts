import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { workV1 } from '@sealane/proto'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { Space } from './space.js'
import { openStoragePath } from './storage-path.js'

const dir = temporaryDirectory()
const GIB = 2 ** 30
const SECTOR_BYTES = 32 * GIB
const NEEDED_BYTES = Math.ceil(18.1 * SECTOR_BYTES)
let count = 0

async function pathWith() {
  const path = join(dir, String(++count))
  mkdirSync(path)
  return await openStoragePath(path)
}

const preCommit1 = (sectorNumber: number) =>
  ({ sectorNumber, sectorSize: SECTOR_BYTES, work: { $case: 'preCommit1', value: {} } }) as workV1.Task
const commit2 = {
  sectorNumber: 1,
  sectorSize: SECTOR_BYTES,
  work: { $case: 'commit2', value: {} },
} as workV1.Task

describe('room on a storage path', () => {
  it('is there before PreCommit1 begins, or the claim is given back with the path, the figures and the fix', async () => {
    const storage = await pathWith()
    const space = new Space(async () => NEEDED_BYTES - 1)
    const error = await space.reserve('a', storage, preCommit1(7)).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ code: 'NO_SPACE', remedy: 'retry' })
    expect((error as Error).message).toBe(
      `storage path ${storage.path} has ${NEEDED_BYTES - 1} bytes left, preCommit1 of sector 7 needs ${NEEDED_BYTES}: free some there (its trash counts), or start a worker with another path`,
    )
    await new Space(async () => NEEDED_BYTES).reserve('a', storage, preCommit1(7))
  })

  it('that running claims will still fill is not given away twice', async () => {
    const storage = await pathWith()
    const space = new Space(async () => 1.5 * NEEDED_BYTES)
    await space.reserve('a', storage, preCommit1(7))
    await expect(space.reserve('b', storage, preCommit1(8))).rejects.toMatchObject({ code: 'NO_SPACE' })
    space.release('a')
    await space.reserve('b', storage, preCommit1(8))
  })

  it('that a claim has filled already is not counted a second time', async () => {
    const storage = await pathWith()
    const space = new Space(async () => NEEDED_BYTES + 1_000)
    const task = { ...preCommit1(7), sectorSize: 100 } as workV1.Task
    await space.reserve('a', storage, task)
    mkdirSync(join(storage.path, 'claims/a'))
    writeFileSync(join(storage.path, 'claims/a/sealed'), new Uint8Array(1_810))
    await space.reserve('b', storage, preCommit1(8))
  })

  it('is not asked of tasks that write nothing there', async () => {
    await new Space(async () => 0).reserve('a', await pathWith(), commit2)
  })

  it('decides which path a new sector goes to', async () => {
    const [small, large] = [await pathWith(), await pathWith()]
    const space = new Space(async (path) => (path === large.path ? 2 * GIB : GIB))
    expect((await space.byRoom([small, large])).map(({ id }) => id)).toEqual([large.id, small.id])
  })
})
