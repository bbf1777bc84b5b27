import type { Cid } from '@sealane/actors'
import { type ChainEpoch, epoch } from '@sealane/fil-units'
import { ChainError } from './chain-error.js'
import type { ChainPort } from './chain-port.js'
import type { ChainLog } from './node/node-pool.js'
import { type HeadChange, sameKey, type TipSet, type TipSetKey } from './wire/tip-set.js'

/** How far a follower got: kept by the caller, in the same transaction as what it did with the step. */
export interface HeadCursor {
  readonly key: TipSetKey
  readonly height: ChainEpoch
}

/**
 * What happened to the chain since the step before: undo `reverts` in their order, then do `applies` in theirs. Both are
 * empty once, at the start, when the head stands where the cursor does: then the step tells the head.
 */
export interface HeadStep {
  /** Newest first. */
  readonly reverts: readonly TipSet[]
  /** Oldest first. */
  readonly applies: readonly TipSet[]
  /** The head after this step. */
  readonly head: TipSet
  /** The first step of a follower without a cursor (or with a forgotten one): `applies` is the head alone. */
  readonly first: boolean
}

export interface HeadFollowerOptions {
  readonly chain: ChainPort
  readonly cursor?: HeadCursor
  readonly signal: AbortSignal
  /** After this much silence the head is asked for. Default: five block delays, at least 30 s. Unit: ms. */
  readonly silenceMs?: number
  /**
   * What to do when no node knows the cursor's tipset (another chain, or one started anew): reject with
   * CURSOR_UNKNOWN, or start again at the head. Default `fail`.
   */
  readonly onUnknownCursor?: 'fail' | 'head'
  readonly log?: ChainLog
  /** Random in [0, 1), for the jitter of reconnects. */
  readonly random?: () => number
}

/** A path is asked for in pieces of this many epochs, so that no answer is too long. Unit: epochs. */
const pathPieceEpochs = 500

const firstPauseMs = 250
/** Also how old a head gets at most where the head is asked for, because no subscription holds. */
const longestPauseMs = 10_000

/**
 * One gapless stream of reverts and applies from wherever the cursor stands: across lost connections, silent nodes,
 * other nodes, nodes without subscriptions and our own restarts. Every step begins at the tipset where the one before ended. It ends with `signal`;
 * it throws only CURSOR_UNKNOWN. Iterate promptly: a node is read no faster than its steps are taken.
 */
export async function* headFollower(options: HeadFollowerOptions): AsyncGenerator<HeadStep, void> {
  const { chain, signal, log } = options
  const random = options.random ?? Math.random
  let cursor = options.cursor
  let pauseMs = firstPauseMs
  let silenceMs = options.silenceMs
  // The owner has had a step of this follower.
  let told = false
  let complained = false

  function* taken(step: HeadStep): Generator<HeadStep> {
    cursor = { key: step.head.key, height: step.head.height }
    told = true
    pauseMs = firstPauseMs
    yield step
  }
  /** The head where the cursor stands already: told once, at the start. */
  function* standing(head: TipSet | undefined): Generator<HeadStep> {
    if (told || head === undefined || cursor === undefined || !sameKey(head.key, cursor.key)) return
    told = true
    yield { reverts: [], applies: [], head, first: false }
  }

  while (!signal.aborted) {
    const attempt = new AbortController()
    const ends = AbortSignal.any([signal, attempt.signal])
    let lost: ChainError | undefined
    try {
      silenceMs ??= Math.max(30_000, 5_000 * (await chain.version()).blockDelaySeconds)
      const batches = chain.notify(ends)[Symbol.asyncIterator]()
      for (;;) {
        const batch = await nextOrSilence(batches, silenceMs, signal)
        if (signal.aborted || batch === 'ended') break
        complained = false
        const steps =
          batch === 'silence' ? caughtUp(chain, cursor, options) : followed(chain, cursor, batch, options)
        let moved = false
        for await (const step of steps) {
          moved = true
          yield* taken(step)
        }
        if (batch !== 'silence') yield* standing(headAfter(batch))
        if (batch === 'silence' && moved) {
          // The head moved and we were not told: this subscription is dead, whatever the socket says.
          log?.warn('chain node stopped notifying', { silenceMs })
          break
        }
      }
    } catch (cause) {
      if (signal.aborted) return
      lost = passing(cause)
    } finally {
      attempt.abort()
    }
    if (lost !== undefined) {
      // A node may answer calls and hold no subscription (a service over plain HTTP, a proxy that cuts WebSockets): then it is asked.
      try {
        const head = await chain.head()
        if (!complained) log?.warn('no subscription to the head, asking for it', { reason: lost.message })
        for await (const step of wayTo(chain, cursor, head, options)) yield* taken(step)
        yield* standing(head)
      } catch (cause) {
        if (signal.aborted) return
        const { message } = passing(cause)
        if (!complained) log?.warn('lost the chain, trying again', { reason: message, inMs: pauseMs })
      }
      complained = true
    }
    await pause(pauseMs * (0.5 + random()), signal)
    pauseMs = Math.min(longestPauseMs, pauseMs * 2)
  }
}

/** What may pass by itself; everything else is thrown. */
function passing(cause: unknown): ChainError {
  if (cause instanceof ChainError && cause.code !== 'CURSOR_UNKNOWN') return cause
  throw cause
}

/** Only one `next` may be outstanding at an iterator: the one that lost against silence is waited for again. */
const outstanding = new WeakMap<AsyncIterator<HeadChange[]>, Promise<IteratorResult<HeadChange[]>>>()

async function nextOrSilence(
  batches: AsyncIterator<HeadChange[]>,
  silenceMs: number,
  signal: AbortSignal,
): Promise<HeadChange[] | 'silence' | 'ended'> {
  const next = outstanding.get(batches) ?? batches.next()
  outstanding.set(batches, next)
  let timer: NodeJS.Timeout | undefined
  let onAbort: (() => void) | undefined
  const silence = new Promise<'silence'>((resolve) => {
    timer = setTimeout(() => resolve('silence'), silenceMs)
  })
  const aborted = new Promise<'ended'>((resolve) => {
    onAbort = () => resolve('ended')
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    const outcome = await Promise.race([next, silence, aborted])
    if (outcome === 'silence' || outcome === 'ended') return outcome
    outstanding.delete(batches)
    return outcome.done === true ? 'ended' : outcome.value
  } finally {
    clearTimeout(timer)
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
    // Nobody may be left to see it fail.
    next.catch(() => undefined)
  }
}

/** Turns a batch into a step when it continues from the cursor, else finds the way there. */
async function* followed(
  chain: ChainPort,
  cursor: HeadCursor | undefined,
  batch: readonly HeadChange[],
  options: HeadFollowerOptions,
): AsyncGenerator<HeadStep> {
  const last = batch.at(-1)
  if (last === undefined) return
  if (cursor !== undefined) {
    const step = continued(cursor, batch)
    if (step !== undefined) {
      yield step
      return
    }
  }
  const head = headAfter(batch)
  yield* wayTo(chain, cursor, head ?? (await chain.head()), options)
}

async function* caughtUp(
  chain: ChainPort,
  cursor: HeadCursor | undefined,
  options: HeadFollowerOptions,
): AsyncGenerator<HeadStep> {
  yield* wayTo(chain, cursor, await chain.head(), options)
}

/** The head that a batch leads to, when the batch says so. */
function headAfter(batch: readonly HeadChange[]): TipSet | undefined {
  const last = batch.at(-1)
  return last === undefined || last.type === 'revert' ? undefined : last.tipSet
}

/** The batch as a step, if it reverts from the cursor and applies on what is left; undefined when it does not fit. */
function continued(cursor: HeadCursor, batch: readonly HeadChange[]): HeadStep | undefined {
  const reverts: TipSet[] = []
  const applies: TipSet[] = []
  let at: TipSetKey = cursor.key
  for (const { type, tipSet } of batch) {
    if (type === 'current') return undefined
    if (type === 'revert') {
      if (applies.length > 0 || !sameKey(tipSet.key, at)) return undefined
      reverts.push(tipSet)
      at = parentsOf(tipSet)
    } else {
      if (!sameKey(parentsOf(tipSet), at)) return undefined
      applies.push(tipSet)
      at = tipSet.key
    }
  }
  const head = applies.at(-1)
  return head === undefined ? undefined : { reverts, applies, head, first: false }
}

function parentsOf(tipSet: TipSet): readonly Cid[] {
  return tipSet.blocks[0]?.parents ?? []
}

/** The steps from the cursor to a head; none when it is there already. */
async function* wayTo(
  chain: ChainPort,
  cursor: HeadCursor | undefined,
  head: TipSet,
  options: HeadFollowerOptions,
): AsyncGenerator<HeadStep> {
  if (cursor === undefined) {
    yield { reverts: [], applies: [head], head, first: true }
    return
  }
  let at = cursor
  while (!sameKey(at.key, head.key)) {
    const distance = head.height - at.height
    const target =
      distance > pathPieceEpochs
        ? await chain.tipSetByHeight(epoch(at.height + pathPieceEpochs), head.key)
        : head
    let changes: HeadChange[]
    try {
      changes = await chain.path(at.key, target.key)
    } catch (cause) {
      if (!(cause instanceof ChainError) || cause.code !== 'NOT_FOUND') throw cause
      if (options.onUnknownCursor === 'head') {
        options.log?.warn('no node knows the tipset we followed to, starting at the head', {
          height: at.height,
        })
        yield { reverts: [], applies: [head], head, first: true }
        return
      }
      throw new ChainError(
        'CURSOR_UNKNOWN',
        { text: `no chain node knows the tipset of epoch ${at.height}` },
        { cause },
      )
    }
    const reverts = changes.filter((change) => change.type === 'revert').map((change) => change.tipSet)
    const applies = changes.filter((change) => change.type === 'apply').map((change) => change.tipSet)
    if (reverts.length + applies.length === 0) return
    yield { reverts, applies, head: target, first: false }
    at = { key: target.key, height: target.height }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
  })
}
