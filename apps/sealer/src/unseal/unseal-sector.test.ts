import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Coordinator } from '../coordinator/coordinator.js'
import { Home } from '../testing/home.js'
import type { Worker } from '../worker/worker.js'
import { wholePiece } from './check-unsealed.js'

const redis = localRedis()
const dir = temporaryDirectory()
const bytes = new Uint8Array(randomBytes(2000))
let home: Home
let coordinator: Coordinator
let worker: Worker
let sectorNumber: number

beforeAll(async () => {
  home = await Home.open(dir, redis.url)
  coordinator = await home.startCoordinator()
  worker = await home.startWorker('a')
  await home.offer({ bytes })
  const sectors = await until(
    'Proving',
    () => home.operator['sectors.list']({}),
    (rows) => rows[0]?.state === 'Proving',
    { deadlineMs: 50_000 },
  )
  sectorNumber = sectors[0]?.sectorNumber ?? 0
})
afterAll(async () => {
  await worker.stop()
  await coordinator.stop()
  await home.close()
})

const unseal = (offset: number, length: number, path: string) =>
  home.operator['sectors.unseal']({ sectorNumber, offset: String(offset), length: String(length), path })

describe('unsealing', () => {
  it('gives back the client’s bytes, whole or in part, and keeps no copy on the hub', async () => {
    await unseal(0, 2032, join(dir, 'whole'))
    expect(readFileSync(join(dir, 'whole')).subarray(0, 2000).equals(Buffer.from(bytes))).toBe(true)
    await unseal(100, 50, join(dir, 'part'))
    expect(readFileSync(join(dir, 'part')).equals(Buffer.from(bytes.subarray(100, 150)))).toBe(true)
    expect(readdirSync(join(dir, 'sealer/hub/unsealed'))).toEqual([])
  })

  it('refuses what is not in the sector', async () => {
    await expect(unseal(2000, 100, join(dir, 'beyond'))).rejects.toMatchObject({ code: 'RANGE' })
  })

  it('hands nothing out when a whole piece does not have its commitment: a wrong ticket gives wrong bytes silently', async () => {
    const { openDatabase } = await import('@sealane/sql')
    const db = await openDatabase<{ sectors: { ticket: string } }>(`sqlite:${join(dir, 'sealer/sealer.db')}`)
    await db
      .updateTable('sectors')
      .set({ ticket: '09'.repeat(32) })
      .execute()
    await db.destroy()
    await expect(unseal(0, 2032, join(dir, 'wrong'))).rejects.toMatchObject({ code: 'UNSEALED_WRONG' })
    expect(existsSync(join(dir, 'wrong'))).toBe(false)
  })
})

describe('a range', () => {
  const piece = { padded_offset: 1024, piece_size: 512, payload_size: 400 }
  it.each([
    [1016, 508, true],
    [1016, 400, true],
    [1016, 399, false],
    [1016, 509, false],
    [1017, 400, false],
  ])('from %i of %i bytes holds a whole piece: %s', (offset, length, whole) => {
    expect(wholePiece([piece as never], offset, length) !== undefined).toBe(whole)
  })
})
