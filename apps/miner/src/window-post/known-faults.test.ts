import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MinerDb } from '../database.js'
import { type PartitionRow, rowIdOf } from './partition-row.js'
import type { PostWorker } from './testing/post-worker.js'
import { ProvingMiner } from './testing/proving-miner.js'

const MINUTES = 60_000

describe('faults known before the cutoff', { timeout: 4 * MINUTES }, () => {
  const directory = temporaryDirectory()
  const redis = localRedis()
  const hands: PostWorker[] = []
  let miner: ProvingMiner
  let first = 0
  let second = 0

  beforeAll(async () => {
    miner = await ProvingMiner.open({
      directory,
      redisUrl: redis.url,
      devnetFlags: ['--clock', 'manual'],
      options: { leaseMs: 2_000, heartbeatMs: 500, vanillaBudgetMs: 2_000, faultCheckLeadMs: 60_000 },
    })
    ;[first = 0, second = 0] = await miner.whileTicking(miner.seal(2))
  }, 3 * MINUTES)
  afterAll(async () => {
    await Promise.all(hands.map((hand) => hand.stop()))
    await miner?.stop()
  })

  const declared = async (row: PartitionRow) =>
    await miner.rooms.context
      .get(MinerDb)
      .selectFrom('messages')
      .selectAll()
      .where('request_id', '=', `fault-${rowIdOf(row)}`)
      .execute()

  it('are declared once, by method 10 from the control address; the others are proven without a skip', async () => {
    // Its path has lost the second sector, and no other worker has it.
    hands.push(await miner.hire({ holds: [first] }))
    const both = JSON.stringify([first, second])
    const row = await miner.whileTicking(
      miner.row(
        'the next duty, its cutoff ahead',
        ({ state, all_sectors, fault_cutoff }) =>
          state === 'Waiting' && all_sectors === both && fault_cutoff > 60,
      ),
    )
    await miner.goTo(row.fault_cutoff - 30)
    const [message] = await until(
      'method 10',
      () => declared(row),
      (rows) => rows.length > 0,
      { deadlineMs: 60_000 },
    )
    expect(message).toMatchObject({ method: 10, class: 'faults' })
    expect(message?.reason).toBe(
      `sectors that cannot be read: ${second}: it lies on no storage path that a worker serves`,
    )
    await miner.whileTicking(miner.told('sectorFaulty', ({ sectorNumber }) => sectorNumber === second))
    await miner.goTo(row.open + 5)
    const accepted = await miner.whileTicking(
      miner.row('accepted', (one) => rowIdOf(one) === rowIdOf(row) && one.state === 'Accepted'),
    )
    expect(accepted).toMatchObject({ to_prove: JSON.stringify([first]), skipped: '[]' })
    expect(await declared(row)).toMatchObject([{ state: 'Confirmed', exit_code: 0 }])
  })
})
