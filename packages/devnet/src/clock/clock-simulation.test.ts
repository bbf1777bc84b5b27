import { describe, expect, it } from 'vitest'
import type { ChainView, OwedPost } from './chain-view.js'
import { type ClockSettings, defaultClockSettings } from './clock-settings.js'
import { type ClockState, resumeClock, startClock, stepped } from './clock-state.js'
import { nextTick } from './next-tick.js'

// A coarse model of deals' lives on a chain driven by nothing but `nextTick`: enough of the protocol to know when
// messages are due, when proofs are owed, and what would be lost. Time is virtual. Epochs are true (2880/48/60).

const provingPeriod = 2880
const window = 60
const lookback = 20
const mutabilityMargin = 60
const partitionSectors = 2
const challengeDelay = 10
const seedConfidence = 6
const publishConfidence = 10

interface Scenario {
  readonly deals: number
  /** Days of 2880 epochs between publication and start; sealing all deals must fit in it at one tick a second. */
  readonly startInDays: number
  readonly dealConcurrent: number
  readonly c2Ms: number
  readonly postMs: number
  /** Where in its proving period the miner's first epoch falls. */
  readonly offset: number
  readonly minerDiesAtMs?: number
  readonly restartEveryMs?: number
  readonly holdLimitMs: number
}

interface Sector {
  deadline: number
  partition: number
  state: 'unproven' | 'active' | 'faulty'
}

type Effect =
  | { kind: 'publish' | 'precommit' | 'provecommit'; deal: number }
  | { kind: 'post'; close: number }

interface Deal {
  stage: 'new' | 'published' | 'sealing' | 'precommitted' | 'proving' | 'active'
  publishedAt: number
  preCommitEpoch: number
  startEpoch: number
}

/** Wall time between a look at the head and the message that answers it: RPC, signing, disk. Unit: ms. */
const answerMs = 40
const preCommitWorkMs = 4_000
const messageEveryMs = 120

function live(s: Scenario) {
  const dealStartIn = s.startInDays * provingPeriod
  const settings: ClockSettings = { ...defaultClockSettings, holdLimitMs: s.holdLimitMs }
  let now = 0
  let clock: ClockState = startClock(0)
  let head = 0
  let looks = 0
  let rushed = 0
  let restarts = 0
  let nextRestart = s.restartEveryMs ?? Number.POSITIVE_INFINITY
  let lastMessageEpoch: number | undefined
  const pool: Effect[] = []
  const deals: Deal[] = Array.from({ length: s.deals }, () => ({
    stage: 'new',
    publishedAt: -1,
    preCommitEpoch: -1,
    startEpoch: dealStartIn,
  }))
  const sectors: Sector[] = []
  const provenThisOpen = new Set<number>()
  const postStarted = new Set<number>()
  const lost = { posts: 0, deals: 0 }
  const alive = () => now < (s.minerDiesAtMs ?? Number.POSITIVE_INFINITY)

  // Whatever takes wall time: a heap is not needed for so few.
  const work: { at: number; run: () => void }[] = []
  let soonest = Number.POSITIVE_INFINITY
  const after = (ms: number, run: () => void) => {
    work.push({ at: now + ms, run })
    soonest = Math.min(soonest, now + ms)
  }
  const runDue = () => {
    if (now < soonest) return
    work.sort((a, b) => a.at - b.at)
    while (work[0] !== undefined && work[0].at <= now) work.shift()?.run()
    soonest = work[0]?.at ?? Number.POSITIVE_INFINITY
  }
  const send = (effect: Effect) => after(answerMs, () => alive() && pool.push(effect))

  // One C2 at a time on the machine; PoSt proofs do not wait for it.
  let c2Free = 0
  const c2 = (run: () => void) => {
    const start = Math.max(now, c2Free)
    c2Free = start + s.c2Ms
    after(c2Free - now, run)
  }

  const periodStart = (epoch: number) =>
    epoch - ((((epoch - s.offset) % provingPeriod) + provingPeriod) % provingPeriod)
  const currentDeadline = (epoch: number) => Math.floor((epoch - periodStart(epoch)) / window)

  const isMutable = (deadline: number) => {
    let open = periodStart(head) + deadline * window
    if (open + window <= head) open += provingPeriod
    return head < open - mutabilityMargin
  }
  const countAt = (deadline: number) => sectors.filter((x) => x.deadline === deadline).length

  /** The chain's rule as far as it matters here: fewest partitions, then an open one, then the lowest index. */
  function assign(): Sector {
    let best: { deadline: number; partitions: number; open: boolean } | undefined
    for (let deadline = 0; deadline < 48; deadline++) {
      if (!isMutable(deadline)) continue
      const count = countAt(deadline)
      const partitions = Math.ceil((count + 1) / partitionSectors)
      const open = count % partitionSectors > 0
      if (
        best === undefined ||
        partitions < best.partitions ||
        (partitions === best.partitions && open && !best.open)
      ) {
        best = { deadline, partitions, open }
      }
    }
    if (best === undefined) throw new Error('no mutable deadline')
    return { deadline: best.deadline, partition: best.partitions - 1, state: 'unproven' }
  }

  function owedAt(): OwedPost[] {
    if (sectors.length === 0) return []
    const deadline = currentDeadline(head)
    const close = periodStart(head) + (deadline + 1) * window
    const partitions = new Set<number>()
    for (const x of sectors) {
      if (x.deadline === deadline && x.state !== 'faulty' && !provenThisOpen.has(x.partition))
        partitions.add(x.partition)
    }
    if (partitions.size === 0) return []
    const answered = pool.some((effect) => effect.kind === 'post' && effect.close === close)
    return [{ miner: 'f01000', deadline, close, partitions: [...partitions], answered }]
  }

  function viewNow(): ChainView {
    let lastSeedEpoch: number | undefined
    let unactivatedDeals = 0
    let nearestLoss: number | undefined
    for (const deal of deals) {
      if (deal.stage === 'precommitted') {
        lastSeedEpoch = Math.max(lastSeedEpoch ?? 0, deal.preCommitEpoch + challengeDelay)
      }
      if (
        deal.stage !== 'new' &&
        deal.stage !== 'active' &&
        deal.stage !== 'proving' &&
        head <= deal.startEpoch
      ) {
        unactivatedDeals++
        nearestLoss = Math.min(nearestLoss ?? Number.POSITIVE_INFINITY, deal.startEpoch)
      }
    }
    let sectorsToProve = 0
    for (const x of sectors) if (x.state === 'unproven') sectorsToProve++
    return {
      headEpoch: head,
      wallEpoch: head,
      includable: pool.length,
      lastMessageEpoch,
      lastSeedEpoch,
      unactivatedDeals,
      nearestLoss,
      sectorsToProve,
      owed: owedAt(),
      followers: { count: 1, behind: 0 },
    }
  }

  function land(effect: Effect) {
    if (effect.kind === 'post') {
      const deadline = currentDeadline(head)
      if (periodStart(head) + (deadline + 1) * window !== effect.close) return
      for (const x of sectors) {
        if (x.deadline !== deadline || x.state === 'faulty') continue
        x.state = 'active'
        provenThisOpen.add(x.partition)
      }
      return
    }
    const deal = deals[effect.deal]
    if (deal === undefined) throw new Error('no such deal')
    if (effect.kind === 'publish') {
      deal.stage = 'published'
      deal.publishedAt = head
      deal.startEpoch = head + dealStartIn
    } else if (effect.kind === 'precommit') {
      deal.stage = 'precommitted'
      deal.preCommitEpoch = head
    } else {
      deal.stage = head <= deal.startEpoch ? 'active' : 'proving'
      sectors.push(assign())
    }
  }

  const inFlight = () => deals.filter((d) => d.stage === 'sealing' || d.stage === 'precommitted').length
  const drawn = new Set<number>()

  /** What the miner and the sealer do when they see a head. */
  function follow() {
    if (!alive()) return
    let room = s.dealConcurrent - inFlight()
    for (const [index, deal] of deals.entries()) {
      if (room > 0 && deal.stage === 'published' && head > deal.publishedAt + publishConfidence) {
        deal.stage = 'sealing'
        room--
        after(preCommitWorkMs, () => send({ kind: 'precommit', deal: index }))
      }
      if (
        deal.stage === 'precommitted' &&
        !drawn.has(index) &&
        head >= deal.preCommitEpoch + challengeDelay + seedConfidence
      ) {
        drawn.add(index)
        c2(() => send({ kind: 'provecommit', deal: index }))
      }
    }
    if (sectors.length > 0) {
      const opening = head + lookback
      const deadline = currentDeadline(opening)
      const close = periodStart(opening) + (deadline + 1) * window
      if (!postStarted.has(close) && sectors.some((x) => x.deadline === deadline && x.state !== 'faulty')) {
        postStarted.add(close)
        after(s.postMs, () => alive() && pool.push({ kind: 'post', close }))
      }
    }
  }

  function makeEpoch() {
    const deadlineBefore = currentDeadline(head)
    head++
    // A message for a deadline that is not open yet stays with the miner until it is.
    const ready = pool.filter((e) => e.kind !== 'post' || head >= e.close - window)
    for (const effect of ready) {
      pool.splice(pool.indexOf(effect), 1)
      land(effect)
      lastMessageEpoch = head
    }
    if (currentDeadline(head + 1) !== currentDeadline(head)) {
      for (const x of sectors) {
        if (x.deadline === deadlineBefore && x.state !== 'faulty' && !provenThisOpen.has(x.partition)) {
          x.state = 'faulty'
          lost.posts++
        }
      }
      provenThisOpen.clear()
    }
    for (const deal of deals) {
      if (
        deal.stage !== 'new' &&
        deal.stage !== 'active' &&
        deal.stage !== 'proving' &&
        head === deal.startEpoch + 1
      ) {
        lost.deals++
      }
    }
    follow()
  }

  for (let deal = 0; deal < s.deals; deal++) {
    after(200 + deal * messageEveryMs, () => send({ kind: 'publish', deal }))
  }

  const limitMs =
    600_000 + 4 * s.holdLimitMs + s.deals * (s.c2Ms + preCommitWorkMs + 60_000) + 6 * provingPeriod * 1_000
  const provenAll = () =>
    deals.every((d) => d.stage === 'active') && sectors.every((x) => x.state === 'active')
  const finished = () =>
    provenAll() || (!alive() && sectors.length > 0 && sectors.every((x) => x.state === 'faulty'))
  while (!finished() && now < limitMs) {
    if (now >= nextRestart) {
      nextRestart = now + (s.restartEveryMs ?? 0)
      restarts++
      clock = resumeClock(JSON.parse(JSON.stringify(clock)) as ClockState, now)
    }
    const tick = nextTick(settings, clock, viewNow(), now)
    looks++
    clock = tick.state
    if (tick.action === 'step') {
      makeEpoch()
      now += 0.25 // what a block costs the devnet itself
      if (tick.reason !== 'tick') rushed++
      clock = stepped(clock, head, 1, now)
    } else {
      const until = Math.min(now + tick.delayMs, soonest)
      if (!(until > now)) throw new Error('the clock spins')
      now = until
    }
    runDue()
  }
  return { proven: provenAll(), wallMs: now, epochs: head, looks, rushed, lost, restarts, held: clock.held }
}

const base = { startInDays: 2, dealConcurrent: 2, postMs: 8_000, holdLimitMs: 600_000 }

/** True of every run that ends proven: nothing lost, nothing spun, no more epochs than its proofs need. */
function expectSound(run: ReturnType<typeof live>, s: Scenario) {
  expect(run, JSON.stringify(s)).toMatchObject({ proven: true, lost: { posts: 0, deals: 0 } })
  // Every sector met its first deadline within a period of the last activation; ticks while sealing come on top.
  const sealingMs = s.deals * (s.c2Ms + preCommitWorkMs + messageEveryMs)
  expect(run.epochs, JSON.stringify(s)).toBeLessThan(2 * provingPeriod + sealingMs / 1_000 + s.deals * 60)
  expect(run.looks, JSON.stringify(s)).toBeLessThan(8 * run.epochs + run.wallMs / 50)
}

describe('the life of deals under the clock', () => {
  it('ends proven for one deal at every proving offset, C2 of 5 to 120 s', () => {
    const c2Seconds = [5, 20, 60, 120]
    for (let offset = 0; offset < provingPeriod; offset++) {
      const c2Ms = 1_000 * (c2Seconds[offset % c2Seconds.length] ?? 5)
      const s: Scenario = { ...base, deals: 1, c2Ms, offset }
      const run = live(s)
      expectSound(run, s)
      // One deal: its C2 at one tick a second, one period of rushing at most, one PoSt, messages at once.
      expect(run.wallMs, JSON.stringify(s)).toBeLessThan(c2Ms + 30_000 + base.postMs)
    }
  })
  it('ends proven for five deals, across offsets and C2 times', () => {
    for (let offset = 0; offset < provingPeriod; offset += 29) {
      for (const c2Ms of [5_000, 120_000]) {
        const s: Scenario = { ...base, deals: 5, c2Ms, offset }
        expectSound(live(s), s)
      }
    }
  })
  it('ends proven for 64 deals, one or two at a time', () => {
    for (let offset = 0; offset < provingPeriod; offset += 411) {
      for (const [dealConcurrent, c2Ms] of [
        [1, 5_000],
        [2, 30_000],
        [2, 120_000],
      ] as const) {
        const s: Scenario = { ...base, startInDays: 4, dealConcurrent, deals: 64, c2Ms, offset }
        expectSound(live(s), s)
      }
    }
  })
  it('waits for a PoSt that takes ten times its usual time', () => {
    for (let offset = 0; offset < provingPeriod; offset += 97) {
      const s: Scenario = { ...base, postMs: 90_000, deals: 2, c2Ms: 20_000, offset }
      expectSound(live(s), s)
    }
  })
  it('loses nothing by being restarted again and again', () => {
    for (let offset = 0; offset < provingPeriod; offset += 97) {
      const s: Scenario = { ...base, postMs: 30_000, deals: 2, c2Ms: 20_000, offset, restartEveryMs: 3_000 }
      const run = live(s)
      expectSound(run, s)
      expect(run.restarts).toBeGreaterThan(5)
    }
  })
  it('does not stop for ever when the miner dies: the chain holds as long as it said, then goes on', () => {
    for (let offset = 0; offset < provingPeriod; offset += 97) {
      const s: Scenario = {
        ...base,
        holdLimitMs: 60_000,
        deals: 1,
        c2Ms: 5_000,
        offset,
        minerDiesAtMs: 12_500,
      }
      const run = live(s)
      if (run.lost.posts === 0) continue // it died before its sector was there
      expect(run.lost.posts).toBe(1)
      expect(run.wallMs).toBeLessThan(12_500 + 60_000 + 30_000)
      expect(run.wallMs).toBeGreaterThan(60_000)
    }
  })
  it('holds no longer for a dead miner because the devnet restarts', () => {
    const s: Scenario = {
      ...base,
      holdLimitMs: 60_000,
      deals: 1,
      c2Ms: 5_000,
      offset: 700,
      minerDiesAtMs: 12_500,
    }
    const calm = live(s)
    const shaken = live({ ...s, restartEveryMs: 2_000 })
    expect(calm.lost.posts).toBe(1)
    expect(shaken.lost.posts).toBe(1)
    expect(shaken.wallMs).toBeLessThan(calm.wallMs * 1.6)
  })
})
