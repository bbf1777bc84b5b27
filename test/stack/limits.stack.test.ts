import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { TestClient } from './client.js'
import { patienceMs, Stack, stateHome } from './stack.js'

/** What fills a 2KiB sector. Unit: bytes. */
const fullSector = 2032

describe('deal sectors in flight', () => {
  const home = stateHome()

  it('stay within the limit, also when it changes while running, and spread over the workers', async () => {
    const file = join(home, 'five-sectors')
    writeFileSync(file, randomBytes(5 * fullSector))
    const args = ['--workers', '2', '--deal-concurrent', '1', '--prover', 'trapdoor', '--file', file]
    const stack = Stack.start(home, [...args, '--sector-size', '2KiB'])
    const summary = await stack.summary()
    expect(summary.deals).toHaveLength(5)
    expect(new Set(summary.deals.map(({ sectorNumber }) => sectorNumber)).size).toBe(5)
    const { sealer } = stack.apps
    const one = await sealer['sealing.limitsLog']({})
    expect(one.filter(({ event }) => event === 'dealSectorAdmitted')).toHaveLength(5)
    expect(Math.max(...one.map(({ inFlightDealSectors }) => inFlightDealSectors))).toBe(1)

    // Switched off while running: the next deals say so and wait.
    await sealer['sealing.setLimits']({ enableDealSector: false, dealConcurrent: 2 })
    const client = await TestClient.of(stack)
    const more: string[] = []
    for (let index = 0; index < 4; index++) {
      const { answer, uuid } = await client.propose(randomBytes(fullSector))
      expect(answer).toEqual({ accepted: true, message: '' })
      more.push(uuid)
    }
    const pieces = async () =>
      (await sealer['pieces.list']({})).filter(({ dealUuid }) => more.includes(dealUuid))
    const off = await until(
      'four published pieces that wait',
      pieces,
      (rows) => rows.filter(({ state, waiting }) => state === 'Published' && waiting !== null).length === 4,
      { deadlineMs: patienceMs },
    )
    for (const { waiting } of off) expect(waiting?.for).toBe('sealer not accepting deal sectors (off)')

    // On, with two: two at once, never three, and both workers seal.
    await sealer['sealing.setLimits']({ enableDealSector: true })
    await until(
      'four more deals proven',
      () => stack.apps.provider['deals.list']({}),
      (rows) => rows.filter((row) => more.includes(row.dealUuid) && row.provenEpoch !== null).length === 4,
      { deadlineMs: patienceMs },
    )
    const two = (await sealer['sealing.limitsLog']({})).slice(one.length)
    expect(Math.max(...two.map(({ inFlightDealSectors }) => inFlightDealSectors))).toBe(2)
    const sealedBy = stack.rows<{ worker_id: string }>(
      'sealer',
      `SELECT DISTINCT worker_id FROM claims WHERE task = 'pc1' AND state = 'completed' AND sector_number NOT IN (${summary.deals.map(({ sectorNumber }) => sectorNumber).join()})`,
    )
    expect(sealedBy).toHaveLength(2)
    await client.close()
    expect(await stack.stop()).toBe(0)
  })
})
