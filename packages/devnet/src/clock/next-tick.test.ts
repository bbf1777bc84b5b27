import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChainView, OwedPost } from './chain-view.js'
import { type ClockSettings, defaultClockSettings } from './clock-settings.js'
import { type ClockState, requestAdvance, resumeClock, startClock, stepped } from './clock-state.js'
import { nextTick } from './next-tick.js'

const settings: ClockSettings = { ...defaultClockSettings, holdLimitMs: 60_000 }

function view(over: Partial<ChainView> = {}): ChainView {
  return {
    headEpoch: 100,
    wallEpoch: 100,
    includable: 0,
    unactivatedDeals: 0,
    sectorsToProve: 0,
    owed: [],
    followers: { count: 0, behind: 0 },
    ...over,
  }
}

const owed: OwedPost = { miner: 'f01000', deadline: 3, close: 105, partitions: [0], answered: false }

/** Looks again and again, as the server does, until the clock steps or `maxMs` of wall time has gone. */
function untilStep(start: ClockState, look: ChainView, fromMs: number, maxMs: number) {
  let state = start
  let now = fromMs
  let looks = 0
  for (;;) {
    const tick = nextTick(settings, state, look, now)
    looks++
    state = tick.state
    if (tick.action === 'step' || now - fromMs >= maxMs) return { tick, now, looks, state }
    now += tick.delayMs
  }
}

describe('the clock of a quiet chain', () => {
  it('ticks once a block delay, and not before', () => {
    expect(nextTick(settings, startClock(0), view(), 400)).toMatchObject({ action: 'wait', delayMs: 600 })
    expect(nextTick(settings, startClock(0), view(), 1_000)).toMatchObject({ action: 'step', reason: 'tick' })
  })
  it('stands still by hand until it is told to advance', () => {
    const manual: ClockSettings = { ...settings, mode: 'manual' }
    expect(nextTick(manual, startClock(0), view(), 9_000_000)).toMatchObject({ action: 'wait' })
    const asked = requestAdvance(startClock(0), 2, false)
    expect(nextTick(manual, asked, view(), 0)).toMatchObject({ action: 'step', reason: 'advance' })
    const done = stepped(stepped(asked, 101, 1, 1), 102, 1, 2)
    expect(nextTick(manual, done, view(), 10)).toMatchObject({ action: 'wait', reason: 'manual' })
  })
  it('follows the wall when told to, skipping the rounds it slept through', () => {
    const wall: ClockSettings = { ...settings, mode: 'wall' }
    expect(nextTick(wall, startClock(0), view({ wallEpoch: 100 }), 0)).toMatchObject({ action: 'wait' })
    expect(nextTick(wall, startClock(0), view({ wallEpoch: 101 }), 0)).toMatchObject({
      action: 'step',
      nullRounds: 0,
    })
    expect(nextTick(wall, startClock(0), view({ wallEpoch: 200 }), 0)).toMatchObject({ nullRounds: 99 })
  })
})

describe('a rush', () => {
  const rushing = (over: Partial<ChainView>) => nextTick(settings, startClock(0), view(over), 2)
  it('starts as soon as a message is pooled and lasts until the newest is 12 epochs old', () => {
    expect(rushing({ includable: 1 })).toMatchObject({
      action: 'step',
      reason: 'message-pooled',
      rush: false,
    })
    expect(rushing({ lastMessageEpoch: 89 })).toMatchObject({ action: 'step', reason: 'message-young' })
    expect(rushing({ lastMessageEpoch: 88 })).toMatchObject({ action: 'wait', reason: 'tick' })
  })
  it('carries a precommit to its seed at confidence, and no further', () => {
    expect(rushing({ lastSeedEpoch: 94 })).toMatchObject({ action: 'step', reason: 'seed-awaited' })
    expect(rushing({ lastSeedEpoch: 93 })).toMatchObject({ action: 'wait', reason: 'tick' })
  })
  it('hurries to the first proof only when no published deal is waiting to be sealed', () => {
    expect(rushing({ sectorsToProve: 1 })).toMatchObject({
      action: 'step',
      reason: 'sector-to-prove',
      rush: true,
    })
    expect(rushing({ sectorsToProve: 1, unactivatedDeals: 1 })).toMatchObject({
      action: 'wait',
      reason: 'tick',
    })
  })
  it('never hurries a published deal to its start', () => {
    expect(rushing({ includable: 1, unactivatedDeals: 1, nearestLoss: 1_000 })).toMatchObject({
      action: 'wait',
    })
    expect(rushing({ includable: 1, unactivatedDeals: 1, nearestLoss: 1_001 })).toMatchObject({
      action: 'step',
    })
  })
  it('is never faster than its followers read heads', () => {
    const look = view({ sectorsToProve: 1, followers: { count: 2, behind: 1 } })
    expect(nextTick(settings, startClock(0), look, 500)).toMatchObject({
      action: 'wait',
      reason: 'follower-behind',
    })
  })
  it('only walks while a follower has stopped reading, and leaves it behind after a while', () => {
    const look = view({ sectorsToProve: 1, followers: { count: 1, behind: 1 } })
    let state = startClock(0)
    const steps: number[] = []
    for (let now = 0; now < 13_000; ) {
      const tick = nextTick(settings, state, look, now)
      state = tick.state
      if (tick.action === 'step') {
        steps.push(now)
        state = stepped(state, 100, 1, now)
      }
      now += Math.max(1, tick.delayMs)
    }
    expect(steps.filter((at) => at < 9_500).length).toBeLessThanOrEqual(10)
    expect(steps.filter((at) => at > 11_000).length).toBeGreaterThan(100)
  })
})

describe('a hold', () => {
  it('comes before every reason to rush, and says whom it waits for', () => {
    const look = view({ owed: [owed], sectorsToProve: 1, lastMessageEpoch: 99 })
    expect(nextTick(settings, startClock(0), look, 5)).toMatchObject({
      action: 'hold',
      reason: 'post-owed',
      waitingFor: [{ miner: 'f01000', deadline: 3, partitions: [0], close: 105, usedMs: 0, limitMs: 60_000 }],
    })
  })
  it('begins five epochs before Close, not earlier', () => {
    const look = view({ headEpoch: 99, owed: [owed], sectorsToProve: 1 })
    expect(nextTick(settings, startClock(0), look, 5)).toMatchObject({ action: 'step' })
  })
  it('lets a pooled message step one epoch at a time, but keeps the last epoch for the PoSt', () => {
    const at = (headEpoch: number, answered: boolean) =>
      nextTick(settings, startClock(0), view({ headEpoch, includable: 1, owed: [{ ...owed, answered }] }), 5)
    expect(at(100, false)).toMatchObject({ action: 'step', reason: 'post-pooled', rush: false })
    expect(at(102, false)).toMatchObject({ action: 'step' })
    expect(at(103, false)).toMatchObject({ action: 'hold' })
    expect(at(103, true)).toMatchObject({ action: 'step' })
  })
  it('ends when its time is used up, and then the chain goes on', () => {
    const { now, tick, looks } = untilStep(startClock(0), view({ owed: [owed] }), 0, 1_000_000)
    expect(tick.action).toBe('step')
    expect(now).toBeGreaterThanOrEqual(60_000)
    expect(now).toBeLessThan(62_000)
    expect(looks).toBeLessThan(200)
  })
  it('does not begin again after a restart, nor count the time nobody could have answered', () => {
    const look = view({ owed: [owed] })
    const first = untilStep(startClock(0), look, 0, 40_000)
    expect(first.tick.action).toBe('hold')
    const stored: ClockState = JSON.parse(JSON.stringify(first.state))
    const second = untilStep(resumeClock(stored, 5_000_000), look, 5_000_000, 1_000_000)
    expect(second.tick.action).toBe('step')
    expect(second.now - 5_000_000).toBeGreaterThanOrEqual(19_000)
    expect(second.now - 5_000_000).toBeLessThan(22_000)
  })
  it('does not take a night of suspended laptop for an hour of waiting', () => {
    const look = view({ owed: [owed] })
    const { state } = nextTick(settings, startClock(0), look, 0)
    expect(nextTick(settings, state, look, 8 * 3_600_000).action).toBe('hold')
  })
  it('is honoured by advance, unless forced', () => {
    const look = view({ owed: [owed] })
    expect(nextTick(settings, requestAdvance(startClock(0), 9, false), look, 5).action).toBe('hold')
    expect(nextTick(settings, requestAdvance(startClock(0), 9, true), look, 5).action).toBe('step')
  })
  it('forgets a deadline once it is closed', () => {
    const { state } = untilStep(startClock(0), view({ owed: [owed] }), 0, 70_000)
    expect(Object.keys(state.held)).toEqual(['f01000/105'])
    expect(stepped(state, 105, 1, 0).held).toEqual({})
  })
})

describe('whatever the chain looks like', () => {
  const anyView = fc.record({
    headEpoch: fc.constant(100),
    wallEpoch: fc.constant(100),
    includable: fc.nat(3),
    lastMessageEpoch: fc.option(fc.integer({ min: 80, max: 100 }), { nil: undefined }),
    lastSeedEpoch: fc.option(fc.integer({ min: 80, max: 120 }), { nil: undefined }),
    unactivatedDeals: fc.nat(2),
    nearestLoss: fc.option(fc.integer({ min: 90, max: 2_000 }), { nil: undefined }),
    sectorsToProve: fc.nat(2),
    owed: fc.array(
      fc.record({
        miner: fc.constantFrom('f01000', 'f01001'),
        deadline: fc.nat(47),
        close: fc.integer({ min: 101, max: 160 }),
        partitions: fc.constant([0]),
        answered: fc.boolean(),
      }),
      { maxLength: 2 },
    ),
    followers: fc.record({ count: fc.nat(2), behind: fc.nat(2) }),
  })
  it('the clock steps in the end, never spins, and never holds longer than it said', () => {
    fc.assert(
      fc.property(anyView, (look) => {
        const { tick, now, looks } = untilStep(startClock(0), look, 0, 10_000_000)
        expect(tick.action).toBe('step')
        expect(now).toBeLessThanOrEqual(
          settings.holdLimitMs + settings.followerPatienceMs + 2 * settings.blockDelayMs,
        )
        // Behind a follower it looks every 2 ms at most, else twice a second.
        expect(looks).toBeLessThan(20 + now / 2)
      }),
    )
  })
})
