import { type Cid, dagCborCid } from '@sealane/actors'
import { type ChainEpoch, epoch } from '@sealane/fil-units'
import { afterEach, describe, expect, it } from 'vitest'
import { ChainError } from './chain-error.js'
import { type HeadStep, headFollower } from './head-follower.js'
import { LotusChain } from './lotus-chain.js'
import { type HeadChange, sameKey, type TipSet, type TipSetKey } from './wire/tip-set.js'

/** A tipset named by its height and branch: `5a`. */
function tipSet(height: number, branch: string, parent: TipSet | undefined): TipSet {
  const key = [dagCborCid(new TextEncoder().encode(`${height}${branch}`))]
  return {
    key,
    height: epoch(height),
    timestamp: height,
    blocks: [
      {
        parents: parent === undefined ? [] : [...parent.key],
        height: epoch(height),
        timestamp: height,
      } as never,
    ],
  }
}

/** A node whose chain and notifications the test moves by hand. */
class ScriptedChain extends LotusChain {
  readonly #all = new Map<Cid | undefined, TipSet>()
  #head: TipSet
  #batches: HeadChange[][] = []
  #wake: () => void = () => undefined
  #break = 0
  subscriptions = 0
  paths = 0
  headsAsked = 0
  forgotten = false
  withoutSubscriptions = false

  constructor() {
    super({ nodes: '/ip4/127.0.0.1/tcp/1', timeoutMs: 1, maxResponseBytes: 1, compareEveryMs: 1_000_000 })
    this.#head = this.#add(tipSet(0, 'a', undefined))
  }
  #add(one: TipSet): TipSet {
    this.#all.set(one.key[0], one)
    return one
  }
  #parent(one: TipSet): TipSet {
    const parent = this.#all.get(one.blocks[0]?.parents[0])
    if (parent === undefined) throw new Error(`no parent of ${one.height}`)
    return parent
  }
  /** New tipsets on the head. */
  grow(count: number, branch = 'a'): HeadChange[] {
    return Array.from({ length: count }, () => {
      this.#head = this.#add(tipSet(this.#head.height + 1, branch, this.#head))
      return { type: 'apply', tipSet: this.#head } as const
    })
  }
  drop(count: number): HeadChange[] {
    return Array.from({ length: count }, () => {
      const gone = this.#head
      this.#head = this.#parent(gone)
      return { type: 'revert', tipSet: gone } as const
    })
  }
  tell(...changes: HeadChange[]): void {
    this.#batches.push(changes)
    this.#wake()
  }
  /** Every subscription that is open ends with an error. */
  cut(): void {
    this.#break++
    this.#wake()
  }
  override async *notify(signal: AbortSignal): AsyncGenerator<HeadChange[]> {
    // As ws says it of a server that knows no WebSockets.
    if (this.withoutSubscriptions)
      throw new ChainError('NODE_DOWN', { text: 'Unexpected server response: 400' })
    this.subscriptions++
    const broken = this.#break
    this.#batches = [[{ type: 'current', tipSet: this.#head }]]
    while (!signal.aborted) {
      const batch = this.#batches.shift()
      if (batch !== undefined) {
        yield batch
        continue
      }
      if (this.#break > broken) throw new ChainError('NODE_DOWN')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }
  override async version() {
    return { version: '', apiVersion: 0, blockDelaySeconds: 1, agent: '' }
  }
  override async head() {
    this.headsAsked++
    return this.#head
  }
  override async tipSetByHeight(height: ChainEpoch) {
    let at = this.#head
    while (at.height > height) at = this.#parent(at)
    return at
  }
  override async path(from: TipSetKey, to: TipSetKey): Promise<HeadChange[]> {
    this.paths++
    let [left, right] = [this.#all.get(from[0]), this.#all.get(to[0])]
    if (this.forgotten || left === undefined || right === undefined) {
      throw new ChainError('NOT_FOUND', { text: 'ipld: could not find' })
    }
    const reverts: HeadChange[] = []
    const applies: HeadChange[] = []
    while (!sameKey(left.key, right.key)) {
      if (left.height >= right.height) {
        reverts.push({ type: 'revert', tipSet: left })
        left = this.#parent(left)
      } else {
        applies.unshift({ type: 'apply', tipSet: right })
        right = this.#parent(right)
      }
    }
    return [...reverts, ...applies]
  }
}

const stops: AbortController[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort()
})

function follow(chain: ScriptedChain, o: Partial<Parameters<typeof headFollower>[0]> = {}) {
  const stop = new AbortController()
  stops.push(stop)
  const steps: HeadStep[] = []
  let failure: unknown
  const done = (async () => {
    for await (const step of headFollower({
      chain,
      signal: stop.signal,
      silenceMs: 60_000,
      random: () => 0,
      ...o,
    }))
      steps.push(step)
  })().catch((cause: unknown) => {
    failure = cause
  })
  const until = async (what: string, holds: () => boolean) => {
    const end = Date.now() + 5_000
    while (!holds()) {
      if (Date.now() > end)
        throw new Error(`waited 5 s until ${what}; last: ${JSON.stringify(steps.at(-1)?.head.height)}`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  /** Heights undone and done, in order, as one reads a journal. */
  const journal = () =>
    steps.flatMap(({ reverts, applies }) => [
      ...reverts.map(({ height }) => -height),
      ...applies.map(({ height }) => height),
    ])
  return { steps, journal, until, stop, done, failure: () => failure }
}

describe('the head follower', () => {
  it('begins with the head, then gives what is applied', async () => {
    const chain = new ScriptedChain()
    chain.grow(5)
    const { journal, until, steps } = follow(chain)
    await until('the start', () => steps.length === 1)
    chain.tell(...chain.grow(1))
    chain.tell(...chain.grow(2))
    await until('the head', () => steps.at(-1)?.head.height === 8)
    expect(journal()).toEqual([5, 6, 7, 8])
    expect(steps.map(({ first }) => first)).toEqual([true, false, false])
    expect(chain.paths).toBe(0)
  })

  it('gives reverts newest first, then applies oldest first', async () => {
    const chain = new ScriptedChain()
    chain.grow(5)
    const { journal, until, steps } = follow(chain)
    await until('the start', () => steps.length === 1)
    chain.tell(...chain.drop(2), ...chain.grow(3, 'b'))
    await until('the other branch', () => steps.length === 2)
    expect(journal()).toEqual([5, -5, -4, 4, 5, 6])
  })

  it('takes up at its cursor after a restart, in pieces when far behind', async () => {
    const chain = new ScriptedChain()
    chain.grow(3)
    const cursor = { key: (await chain.head()).key, height: epoch(3) }
    chain.grow(1_200)
    const { journal, until, steps } = follow(chain, { cursor })
    await until('the head', () => steps.at(-1)?.head.height === 1_203)
    expect(journal()).toEqual(Array.from({ length: 1_200 }, (_, index) => index + 4))
    expect(steps.length).toBeGreaterThan(2)
  })

  it('tells the head when it stands where the cursor does, once, and then only what happens', async () => {
    const chain = new ScriptedChain()
    chain.grow(3)
    const cursor = { key: (await chain.head()).key, height: epoch(3) }
    const { journal, until, steps } = follow(chain, { cursor })
    await until('the standing head', () => steps.length === 1)
    expect(steps[0]).toMatchObject({ reverts: [], applies: [], head: { height: 3 }, first: false })
    chain.cut()
    await until('the new subscription', () => chain.subscriptions === 2)
    chain.tell(...chain.grow(1))
    await until('the next head', () => steps.at(-1)?.head.height === 4)
    expect(steps).toHaveLength(2)
    expect(journal()).toEqual([4])
  })

  it('reverts what was reorganised while it was away', async () => {
    const chain = new ScriptedChain()
    chain.grow(6)
    const cursor = { key: (await chain.head()).key, height: epoch(6) }
    chain.drop(2)
    chain.grow(4, 'b')
    const { journal, until, steps } = follow(chain, { cursor })
    await until('the head', () => steps.at(-1)?.head.height === 8)
    expect(journal()).toEqual([-6, -5, 5, 6, 7, 8])
  })

  it('goes on without a gap when the connection breaks, and when a notification is lost', async () => {
    const chain = new ScriptedChain()
    const { journal, until, steps } = follow(chain)
    await until('the start', () => steps.length === 1)
    chain.grow(2)
    chain.cut()
    await until('the reconnect', () => steps.at(-1)?.head.height === 2)
    chain.grow(1)
    chain.tell(...chain.grow(1))
    await until('the head', () => steps.at(-1)?.head.height === 4)
    expect(journal()).toEqual([0, 1, 2, 3, 4])
    expect(chain.subscriptions).toBe(2)
  })

  it('asks for the head of a node that takes no subscription, and subscribes when it does', async () => {
    const chain = new ScriptedChain()
    chain.grow(2)
    chain.withoutSubscriptions = true
    const warnings: string[] = []
    const log = { info: () => undefined, warn: (text: string) => warnings.push(text) }
    const { journal, until, steps } = follow(chain, { log })
    await until('the start', () => steps.length === 1)
    chain.drop(1)
    chain.grow(3, 'b')
    await until('the head', () => steps.at(-1)?.head.height === 4)
    expect(journal()).toEqual([2, -2, 2, 3, 4])
    expect(warnings).toEqual(['no subscription to the head, asking for it'])
    chain.withoutSubscriptions = false
    await until('the subscription', () => chain.subscriptions > 0)
    const asked = chain.headsAsked
    chain.tell(...chain.grow(1, 'b'))
    await until('the next head', () => steps.at(-1)?.head.height === 5)
    expect(chain.headsAsked).toBe(asked)
  })

  it('tells the head it stands at to one who asks instead of subscribing, once', async () => {
    const chain = new ScriptedChain()
    chain.grow(3)
    const cursor = { key: (await chain.head()).key, height: epoch(3) }
    chain.withoutSubscriptions = true
    const { until, steps } = follow(chain, { cursor })
    await until('some questions', () => chain.headsAsked > 3)
    expect(steps).toMatchObject([{ reverts: [], applies: [], head: { height: 3 }, first: false }])
  })

  it('asks for the head when a node goes silent, and subscribes anew when it had moved', async () => {
    const chain = new ScriptedChain()
    const { journal, until, steps } = follow(chain, { silenceMs: 30 })
    await until('the start', () => steps.length === 1)
    await until('three silences', () => chain.headsAsked >= 3)
    expect(chain.subscriptions).toBe(1)
    chain.grow(3)
    await until('the head', () => steps.at(-1)?.head.height === 3)
    await until('the new subscription', () => chain.subscriptions > 1)
    expect(journal()).toEqual([0, 1, 2, 3])
  })

  it('says that no node knows its cursor, or starts at the head when told to', async () => {
    const chain = new ScriptedChain()
    chain.grow(3)
    const cursor = { key: [dagCborCid(new Uint8Array([1]))], height: epoch(3) }
    const strict = follow(chain, { cursor })
    await strict.done
    expect(strict.failure()).toMatchObject({ code: 'CURSOR_UNKNOWN', remedy: 'retry' })
    const lenient = follow(chain, { cursor, onUnknownCursor: 'head' })
    await lenient.until('the head', () => lenient.steps.length === 1)
    expect(lenient.steps[0]).toMatchObject({ first: true, head: { height: 3 } })
  })

  it('ends with its signal', async () => {
    const chain = new ScriptedChain()
    const { done, stop, until, steps, failure } = follow(chain)
    await until('the start', () => steps.length === 1)
    stop.abort()
    await done
    expect(failure()).toBeUndefined()
  })
})
