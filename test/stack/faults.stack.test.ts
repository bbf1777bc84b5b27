import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { minerMethods, submitWindowedPostParams } from '@sealane/actors'
import { until } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { patienceMs, Stack, stateHome } from './stack.js'

/** Source: builtin-actors policy.rs (WPoStProvingPeriod); the devnet never shortens it. */
const provingPeriod = 2880

/** Flips every bit of a sector's sealed file. One flipped byte is found only when a challenge happens to need it. */
function invert(home: string, minerId: number, sectorNumber: number): void {
  const path = join(home, 'state/storage-1/sealed', `s-t0${minerId}-${sectorNumber}`)
  writeFileSync(
    path,
    readFileSync(path).map((byte) => byte ^ 0xff),
  )
}

describe('WindowPoSt', () => {
  const home = stateHome()

  it('skips a corrupted sector and proves the other; a missed deadline costs all power; both come back', async () => {
    const file = join(home, 'two-sectors')
    writeFileSync(file, randomBytes(2 * 2032))
    const stack = Stack.start(home, ['--prover', 'trapdoor', '--file', file, '--sector-size', '2KiB'])
    const { deals } = await stack.summary()
    const miner = await stack.miner()
    const minerId = Number(miner.slice(2))
    const [bad, good] = deals.map(({ sectorNumber }) => sectorNumber)
    if (bad === undefined || good === undefined) throw new Error('two sectors are needed')
    const { chain } = stack
    const place = await chain.sectorPartition(miner, bad)
    expect(await chain.sectorPartition(miner, good), 'both lie in one partition').toEqual(place)
    if (place === undefined) throw new Error('the sector lies in no partition')
    const standing = async () => {
      const [partition] = await chain.partitions(miner, place.deadline)
      const power = await chain.minerPower(miner)
      return {
        faulty: [...(partition?.faultySectors.toNumbers() ?? [])],
        recovering: [...(partition?.recoveringSectors.toNumbers() ?? [])],
        power: power.minerPower.rawBytePower,
      }
    }
    const standsAs = (what: string, wanted: Awaited<ReturnType<typeof standing>>) =>
      until(
        what,
        async () => ({ standing: await standing(), clock: await stack.devnet('Holds') }),
        (now) => same(now.standing, wanted),
        { deadlineMs: patienceMs, everyMs: 100 },
      )
    const posts = () =>
      stack
        .rows<{ params: Uint8Array; cid: string }>(
          'miner',
          `SELECT params, cid FROM messages WHERE method = ${minerMethods.SubmitWindowedPoSt} AND exit_code = 0 ORDER BY included_epoch`,
        )
        .map(({ params }) => submitWindowedPostParams.decode(params))
    expect(await standing()).toEqual({ faulty: [], recovering: [], power: 4096n })

    // Before its next WindowPoSt, every byte of one sealed file is turned over.
    invert(home, minerId, bad)
    await stack.devnet('Advance', provingPeriod, false)
    await standsAs('the corrupted sector to be faulty, the other proven', {
      faulty: [bad],
      recovering: [],
      power: 2048n,
    })
    // The miner's row follows the chain some epochs later.
    await until(
      'a WindowPoSt that skips the corrupted sector, and nothing else',
      () =>
        posts()
          .at(-1)
          ?.partitions.map(({ index, skipped }) => [index, [...skipped.toNumbers()]]),
      (partitions) => same(partitions, [[place.partition, [bad]]]),
      { deadlineMs: patienceMs },
    )

    // The bytes as they were: read again, declared recovered, proven in the next period.
    invert(home, minerId, bad)
    await stack.devnet('Advance', provingPeriod, false)
    await standsAs('the restored sector to be proven again', { faulty: [], recovering: [], power: 4096n })
    await until(
      'one declared recovery',
      () =>
        stack.rows<{ uuid: string }>(
          'miner',
          `SELECT uuid FROM messages WHERE method = ${minerMethods.DeclareFaultsRecovered} AND exit_code = 0`,
        ),
      ({ length }) => length === 1,
      { deadlineMs: patienceMs },
    )

    // The miner app stands still (a stopped one would be started again), and the chain goes on without it.
    stack.signalService('miner', 'SIGSTOP')
    await stack.devnet('Advance', provingPeriod + 60, true)
    await standsAs('the partition that nobody proved to be faulty', {
      faulty: [bad, good].sort((a, b) => a - b),
      recovering: [],
      power: 0n,
    })
    stack.signalService('miner', 'SIGCONT')
    await stack.devnet('Advance', provingPeriod, false)
    await standsAs('both sectors to be proven again', { faulty: [], recovering: [], power: 4096n })

    // Both deals are still what they were, and no alarm is left.
    for (const { dealId } of deals) {
      expect((await chain.marketDeal(dealId))?.state).toMatchObject({ slashEpoch: -1 })
    }
    await until(
      'no fault to be told',
      () => stack.apps.miner['proving.faults']({}),
      ({ length }) => length === 0,
    )
    expect(existsSync(join(home, 'state/storage-1/sealed'))).toBe(true)
    expect(readdirSync(join(home, 'state/storage-1/sealed'))).toHaveLength(2)
    expect(await stack.stop()).toBe(0)
  })
})

function same(a: unknown, b: unknown): boolean {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one))
  return text(a) === text(b)
}
