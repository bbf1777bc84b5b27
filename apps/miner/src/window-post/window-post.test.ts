import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { submitWindowedPostParams } from '@sealane/actors'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MinerDb } from '../database.js'
import { rowIdOf } from './partition-row.js'
import { ProvingCheck } from './proving-check.js'
import { ProvingViews } from './proving-views.js'
import type { PostWorker } from './testing/post-worker.js'
import { ProvingMiner } from './testing/proving-miner.js'

const MINUTES = 60_000
const PERIOD = 2880

describe('WindowPoSt on the devnet', { timeout: 4 * MINUTES }, () => {
  const directory = temporaryDirectory()
  const redis = localRedis()
  const alerts = join(directory, 'alerts')
  let miner: ProvingMiner
  let worker: PostWorker
  let first = 0
  let second = 0

  beforeAll(async () => {
    miner = await ProvingMiner.open({
      directory,
      redisUrl: redis.url,
      flags: ['--alert-command', `cat >> ${alerts}`],
      options: { leaseMs: 2_000, heartbeatMs: 500 },
    })
  }, 3 * MINUTES)
  afterAll(async () => {
    await worker?.stop()
    await miner?.stop()
  })

  const posts = async () =>
    await miner.rooms.context
      .get(MinerDb)
      .selectFrom('messages')
      .selectAll()
      .where('class', '=', 'windowPost')
      .orderBy('created_ms')
      .execute()
  const accepted = async (after: number) =>
    await miner.row(
      `a partition accepted after epoch ${after}`,
      ({ state, open }) => state === 'Accepted' && open > after,
    )
  const lastOpen = async () =>
    (await miner.rows()).filter(({ state }) => state !== 'Waiting').at(-1)?.open ?? 0
  /** Every 32nd byte: one byte alone escapes a 2KiB sector's ten challenges one time in four. */
  function flip(sector: number) {
    const path = join(miner.sectors.get(sector) ?? '', 'sealed')
    writeFileSync(
      path,
      readFileSync(path).map((byte, at) => (at % 32 === 5 ? byte ^ 1 : byte)),
    )
  }

  it('proves two new sectors at their first deadline, tells it, and the power rises', async () => {
    const numbers = await miner.seal(2)
    ;[first = 0, second = 0] = numbers
    worker = await miner.hire()
    for (const sectorNumber of numbers) {
      const fact = await miner.told('sectorProven', (value) => value.sectorNumber === sectorNumber)
      expect(fact.messageCid).toMatch(/^baf/)
    }
    expect(await miner.power()).toBe(4096n)
    expect(
      (await posts()).map(({ state, exit_code, from_address }) => ({ state, exit_code, from_address })),
    ).toMatchObject([{ state: 'Confirmed', exit_code: 0 }])
    const views = miner.rooms.context.get(ProvingViews)
    expect(await views.info()).toMatchObject({ faults: 0, recoveries: 0 })
    const proven = (await views.deadlines()).filter(({ partitions }) => partitions > 0)
    expect(proven).toMatchObject([{ sectors: 2, faults: 0 }])
    const checked = await miner.rooms.context.get(ProvingCheck).check(proven[0]?.deadline ?? 0)
    expect(checked).toMatchObject([
      { sectorNumber: first, faulty: false, problem: null },
      { sectorNumber: second, faulty: false, problem: null },
    ])
    expect((await views.partitions()).at(-1)).toMatchObject({
      state: 'Accepted',
      sectors: [first, second],
      skipped: [],
    })
  })

  it('plans the next period at once, and proves it without telling again what home knows', async () => {
    const open = await lastOpen()
    await miner.row(
      'the next period is planned',
      (row) => row.state === 'Waiting' && row.open === open + PERIOD,
    )
    await miner.advance(PERIOD)
    await accepted(open)
    expect((await miner.facts()).filter(({ $case }) => $case === 'sectorProven')).toHaveLength(2)
    expect(await posts()).toHaveLength(2)
  })

  it('skips a sector whose file went bad: its partner proves, it is declared faulty, somebody is called', async () => {
    const open = await lastOpen()
    flip(second)
    await miner.advance(PERIOD)
    const row = await accepted(open)
    expect(row.skipped).toBe(JSON.stringify([second]))
    const message = (await posts()).at(-1)
    const [partition] = submitWindowedPostParams.decode(message?.params ?? new Uint8Array()).partitions
    expect(partition?.skipped.toNumbers()).toEqual([second])
    const fault = await miner.told('sectorFaulty', ({ sectorNumber }) => sectorNumber === second)
    expect(fault.reason).toMatch(/^SECTOR_FAULTY/)
    expect(await miner.power()).toBe(2048n)
    const [faulty] = await miner.rooms.context.get(ProvingViews).faults()
    expect(faulty).toMatchObject({ sectorNumber: second, recovering: false })
    expect(await miner.rooms.context.get(ProvingCheck).check(faulty?.deadline ?? 0)).toMatchObject([
      { sectorNumber: first, faulty: false, problem: null },
      { sectorNumber: second, faulty: true, problem: expect.stringMatching(/^SECTOR_FAULTY/) },
    ])
    await until(
      'the alert command ran',
      () => existsSync(alerts) && readFileSync(alerts, 'utf8'),
      (text) => text !== false && text.includes('post-sectors-skipped'),
    )
  })

  it('does not declare it recovered while it is still bad; restored, it is declared, proven next period, and the power is back', async () => {
    const open = await lastOpen()
    const next = await miner.row(
      'its check failed',
      (row) => row.state === 'Waiting' && row.open > open && row.check_randomness !== null,
    )
    const check = async () =>
      await miner.rooms.context
        .get(MinerDb)
        .selectFrom('vanilla_proofs')
        .selectAll()
        .where('row', '=', rowIdOf(next))
        .executeTakeFirst()
    await until('the check failed', check, (proof) => proof?.state === 'failed', { deadlineMs: 60_000 })
    expect(await miner.rooms.context.get(ProvingViews).faults()).toMatchObject([{ recovering: false }])
    flip(second)
    await until(
      'declared recovered',
      () => miner.rooms.context.get(ProvingViews).faults(),
      ([fault]) => fault?.recovering === true,
      { deadlineMs: 60_000 },
    )
    await accepted(open)
    const fact = await until(
      'told as proven again',
      async () =>
        (await miner.facts()).filter(
          (fact) => fact.$case === 'sectorProven' && fact.value.sectorNumber === second,
        ),
      (facts) => facts.length === 2,
      { deadlineMs: 60_000 },
    )
    expect(fact).toHaveLength(2)
    expect(await miner.power()).toBe(4096n)
    expect(await miner.rooms.context.get(ProvingViews).faults()).toEqual([])
  })

  it('goes on after a restart in the middle, whichever state it was in, and sends one message', async () => {
    for (const task of ['post.vanilla', 'post.snark']) {
      const open = await lastOpen()
      const before = (await posts()).length
      await worker.stop()
      const reached = Promise.withResolvers<void>()
      const stuck = Promise.withResolvers<void>()
      const slow = await miner.hire({
        onClaim: async (claimed) => {
          if (claimed !== task) return
          reached.resolve()
          await stuck.promise
        },
      })
      await miner.advance(PERIOD)
      await reached.promise
      await miner.restart()
      stuck.resolve()
      await slow.stop()
      worker = await miner.hire()
      await accepted(open)
      expect(await posts()).toHaveLength(before + 1)
    }
  })

  it('gives a dead worker’s claim to another when its lease is over', async () => {
    const open = await lastOpen()
    await worker.stop()
    const taken = Promise.withResolvers<void>()
    const doomed = await miner.hire({
      onClaim: async () => {
        taken.resolve()
        await new Promise(() => undefined)
      },
    })
    await miner.advance(PERIOD)
    await taken.promise
    await doomed.die()
    worker = await miner.hire()
    expect((await accepted(open)).skipped).toBe('[]')
    const claims = await miner.rooms.context
      .get(MinerDb)
      .selectFrom('claims')
      .select('state')
      .where('state', '=', 'expired')
      .execute()
    expect(claims.length).toBeGreaterThan(0)
  })

  it('never sends a proof that does not verify: everything is read again', async () => {
    const open = await lastOpen()
    await worker.stop()
    let spoilt = 0
    worker = await miner.hire({
      changeProof: (proof) => {
        spoilt += 1
        return spoilt > 1 ? proof : proof.map((byte, at) => (at === 100 ? byte ^ 1 : byte))
      },
    })
    const before = (await posts()).length
    await miner.advance(PERIOD)
    const row = await accepted(open)
    expect(row.spoils).toBe(1)
    expect(worker.refusals).toContain('the proof does not verify')
    const sent = await posts()
    expect(sent).toHaveLength(before + 1)
    expect(sent.at(-1)).toMatchObject({ state: 'Confirmed', exit_code: 0 })
  })

  it('was down past Close: the partition is missed, power drops, somebody is called; then it recovers', async () => {
    const open = await lastOpen()
    await miner.row('the next period is planned', (row) => row.state === 'Waiting' && row.open > open)
    await miner.rooms.stop()
    await miner.advance(PERIOD, true)
    await until(
      'the deadline passed',
      () => miner.devnet.chain.head(),
      ({ height }) => height > open + PERIOD + 60,
      { deadlineMs: 60_000 },
    )
    await miner.begin()
    const missed = await miner.row('missed', (row) => row.state === 'Missed' && row.open === open + PERIOD)
    expect(missed.why).toMatch(/did not see/)
    await miner.told('sectorFaulty', ({ sectorNumber }) => sectorNumber === first)
    expect(await miner.power()).toBe(0n)
    await until(
      'the alert command ran',
      () => readFileSync(alerts, 'utf8'),
      (text) => text.includes('post-missed'),
    )
    await worker.stop()
    worker = await miner.hire()
    await accepted(open + PERIOD)
    await until(
      'power is back',
      () => miner.power(),
      (power) => power === 4096n,
      { deadlineMs: 60_000 },
    )
  })
})
