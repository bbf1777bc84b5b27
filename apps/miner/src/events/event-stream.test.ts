import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog } from '@sealane/host'
import type { minerV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { openMessager } from '../testing/miner-fixture.js'
import { ScriptedChain } from '../testing/scripted-chain.js'
import { EventStore, type Fact } from './event-store.js'
import { EventStream } from './event-stream.js'

const faulty = (sectorNumber: number): Fact => ({
  $case: 'sectorFaulty',
  value: { sectorNumber, reason: 'test' },
})

describe('the stream of facts', () => {
  const root = temporaryDirectory()

  async function open() {
    const chain = new ScriptedChain()
    const rig = await openMessager(mkdtempSync(join(root, 'e-')), chain.port())
    const events = new EventStore(rig.db, rig.clock)
    return { chain, rig, events, stream: new EventStream(events, rig.watch, silentLog()) }
  }
  /** The next `count` facts that have a sequence. */
  async function take(from: AsyncGenerator<minerV1.SubscribeResponse>, count: number) {
    const sequences: number[] = []
    while (sequences.length < count) {
      const { value, done } = await from.next()
      if (done === true) break
      if (value.sequence > 0) sequences.push(value.sequence)
    }
    return sequences
  }

  it('gives all after a sequence, then live ones, densely and in order', async () => {
    const { events, stream, rig } = await open()
    for (let at = 1; at <= 1_200; at++) await events.appendAlone(at, faulty(at))
    const abort = new AbortController()
    const reader = stream.subscribe(700, abort.signal)
    expect(await take(reader, 500)).toEqual(Array.from({ length: 500 }, (_, at) => 701 + at))
    const live = take(reader, 2)
    await events.appendAlone(1, faulty(1))
    await events.appendAlone(1, faulty(2))
    expect(await live).toEqual([1_201, 1_202])
    abort.abort()
    expect((await reader.next()).done).toBe(true)
    await rig.db.destroy()
  })

  it('gives a sequence to nobody when its transaction fails', async () => {
    const { events, rig } = await open()
    await events.appendAlone(1, faulty(1))
    const failed = writing(rig.db, async (trx) => {
      await events.append(trx, 2, faulty(2))
      throw new Error('no')
    })
    await expect(failed).rejects.toThrow('no')
    expect(await events.appendAlone(3, faulty(3))).toBe(2)
    await rig.db.destroy()
  })

  it('restored from an older backup, goes on behind what home has had: nothing new is lost, nothing old told again', async () => {
    const { events, rig } = await open()
    for (let at = 1; at <= 3; at++) await events.appendAlone(at, faulty(at))
    // The process that runs on the restored database; home heard up to 7 from the one before the disaster.
    rig.clock.ms += 60_000
    const restored = new EventStore(rig.db, rig.clock)
    await restored.appendAlone(9, faulty(44))
    const stream = new EventStream(restored, rig.watch, silentLog())
    const abort = new AbortController()
    const reader = stream.subscribe(7, abort.signal)
    const first = (await reader.next()).value
    expect(first).toMatchObject({ fact: { $case: 'sectorFaulty', value: { sectorNumber: 44 } } })
    expect(first.sequence).toBeGreaterThan(7)
    const second = reader.next()
    const sequence = await restored.appendAlone(10, faulty(45))
    expect((await second).value).toMatchObject({ sequence, fact: { value: { sectorNumber: 45 } } })
    abort.abort()
    const again = stream.subscribe(sequence - 1, new AbortController().signal)
    expect((await again.next()).value).toMatchObject({ sequence })
    await rig.db.destroy()
  })

  it('tells a new head after the facts, without a sequence', async () => {
    const { events, stream, rig, chain } = await open()
    await events.appendAlone(1, faulty(1))
    await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
    const abort = new AbortController()
    const reader = stream.subscribe(0, abort.signal)
    expect((await reader.next()).value).toMatchObject({ sequence: 1 })
    expect((await reader.next()).value).toMatchObject({
      sequence: 0,
      fact: { $case: 'head', value: { epoch: 0 } },
    })
    const next = reader.next()
    await rig.watch.take(chain.advance())
    expect((await next).value).toMatchObject({ sequence: 0, fact: { $case: 'head', value: { epoch: 1 } } })
    abort.abort()
    await rig.db.destroy()
  })
})
