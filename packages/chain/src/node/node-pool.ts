import { setTimeout as pause } from 'node:timers/promises'
import type { ChainEpoch } from '@sealane/fil-units'
import { ChainError } from '../chain-error.js'
import type { NodeHealth } from '../chain-port.js'
import type { Json } from '../rpc/json.js'
import { RpcNode, type RpcNodeOptions } from '../rpc/rpc-node.js'
import { sameKey, type TipSet, tipSet } from '../wire/tip-set.js'
import { decimal } from '../wire/wire.js'
import { parseApiInfo } from './api-info.js'

export interface NodePoolOptions extends RpcNodeOptions {
  readonly nodes: string
  /** Nodes of any other network are not asked. */
  readonly networkName?: string
  /** How often several nodes are compared. Unit: ms. */
  readonly compareEveryMs: number
  readonly log?: ChainLog
}

/** What the chain client tells its owner; any logger will do. */
export interface ChainLog {
  info(text: string, fields?: Readonly<Record<string, unknown>>): void
  warn(text: string, fields?: Readonly<Record<string, unknown>>): void
}

/** A node this many epochs behind the heaviest one is not asked while there is another. Unit: epochs. */
const laggingEpochs = 2

/** Where two heads are compared to tell a fork from a race for the newest block. Unit: epochs below the lower head. */
const forkDepthEpochs = 10

interface Member {
  readonly node: RpcNode
  health: NodeHealth
  head?: TipSet
}

/**
 * The nodes we may ask. A call goes to the node that answered last, and to the next one when that is down; a question
 * about a tipset that a node does not have goes to the others. Several nodes are compared every few seconds.
 */
export class NodePool {
  readonly #members: Member[]
  readonly #timer: NodeJS.Timeout | undefined
  #preferred = 0
  #comparing: Promise<void> | undefined

  constructor(private readonly options: NodePoolOptions) {
    this.#members = parseApiInfo(options.nodes).map((address) => ({
      node: new RpcNode(address, options),
      health: { node: address.shown, state: 'unknown' },
    }))
    if (this.#members.length > 1 || options.networkName !== undefined) {
      this.#timer = setInterval(() => void this.compare(), options.compareEveryMs)
      this.#timer.unref()
    }
  }

  close(): void {
    clearInterval(this.#timer)
    for (const { node } of this.#members) node.close()
  }

  health(): NodeHealth[] {
    return this.#members.map(({ health }) => health)
  }

  /** The nodes to ask, best first. */
  async #usable(): Promise<Member[]> {
    if (
      this.options.networkName !== undefined &&
      this.#members.every(({ health }) => health.state === 'unknown')
    ) {
      await this.compare()
    }
    const inOrder = [...this.#members.slice(this.#preferred), ...this.#members.slice(0, this.#preferred)]
    const right = inOrder.filter(({ health }) => health.state !== 'wrong-network')
    if (right.length === 0) {
      throw new ChainError('WRONG_NETWORK', {
        text: `no node of network ${this.options.networkName}: ${inOrder.map(({ health }) => `${health.node} ${health.error ?? ''}`).join(', ')}`,
      })
    }
    const rank = (member: Member) =>
      member.health.state === 'ok' ? 0 : member.health.state === 'unknown' ? 1 : 2
    return right.sort((a, b) => rank(a) - rank(b))
  }

  /** Asks one node; another when that is down, or does not have what the question is about. */
  async call(method: string, params: readonly Json[], timeoutMs?: number): Promise<Json> {
    let last: unknown
    for (const member of await this.#usable()) {
      try {
        const answer = await this.#ask(member, method, params, timeoutMs)
        this.#preferred = this.#members.indexOf(member)
        return answer
      } catch (cause) {
        last = cause
        if (!(cause instanceof ChainError) || !anotherMayKnow(cause)) throw cause
      }
    }
    throw last
  }

  /**
   * Asks every usable node; the outcomes best node first. Once one has answered, the others get `graceMs` more, and those that are known
   * as dead none, or a node that takes calls and answers none would hold up every message: their outcome is NODE_DOWN.
   */
  async callAll(
    method: string,
    params: readonly Json[],
    graceMs = 5_000,
  ): Promise<PromiseSettledResult<Json>[]> {
    const members = await this.#usable()
    const living = members.map(({ health }) => health.state !== 'dead')
    const outcomes: (PromiseSettledResult<Json> | undefined)[] = members.map(() => undefined)
    const asked = members.map(async (member, at) => {
      const [outcome] = await Promise.allSettled([this.#ask(member, method, params)])
      outcomes[at] = outcome
      if (!isAnswer(outcome)) throw new Error('it did not answer')
    })
    // Nobody may be left to see one fail.
    for (const one of asked) one.catch(() => undefined)
    await settledWithin(
      asked.filter((_, at) => living[at]),
      graceMs,
    )
    if (!outcomes.some(isAnswer)) await settledWithin(asked, graceMs)
    return outcomes.map((outcome, at) => {
      if (outcome !== undefined) return outcome
      const facts = {
        method,
        node: members[at]?.health.node ?? '',
        text: 'another node has answered long ago',
      }
      return { status: 'rejected', reason: new ChainError('NODE_DOWN', facts) }
    })
  }

  /** Does something at each usable node, whatever becomes of the others; the outcomes with the node's address. */
  async each<T>(
    work: (call: (method: string, params: readonly Json[]) => Promise<Json>) => Promise<T>,
  ): Promise<{ node: string; outcome: PromiseSettledResult<T> }[]> {
    const members = await this.#usable()
    const outcomes = await Promise.allSettled(
      members.map((member) => work((method, params) => this.#ask(member, method, params))),
    )
    return outcomes.map((outcome, index) => ({ node: members[index]?.health.node ?? '', outcome }))
  }

  /** Subscribes at the best node. */
  async *subscribe(method: string, params: readonly Json[], signal: AbortSignal): AsyncGenerator<Json> {
    const [member] = await this.#usable()
    if (member === undefined) return
    try {
      for await (const value of member.node.subscribe(method, params, signal)) {
        this.#answered(member)
        yield value
      }
    } catch (cause) {
      this.#failed(member, cause)
      throw cause
    }
  }

  async #ask(member: Member, method: string, params: readonly Json[], timeoutMs?: number): Promise<Json> {
    try {
      const answer = await member.node
        .call(method, params, timeoutMs)
        // A connection kept open may have been closed by the other side just now. Asking again is harmless: nothing
        // that this pool asks changes anything the second time.
        .catch((cause: unknown) => {
          if (closedUnderUs(cause)) return member.node.call(method, params, timeoutMs)
          throw cause
        })
      this.#answered(member)
      return answer
    } catch (cause) {
      this.#failed(member, cause)
      throw cause
    }
  }

  #answered(member: Member): void {
    const { error, ...rest } = member.health
    if (error !== undefined && rest.state === 'dead')
      this.options.log?.info('chain node answers again', { node: rest.node })
    const state = rest.state === 'dead' || rest.state === 'unknown' ? 'ok' : rest.state
    member.health = { ...rest, state, answeredAt: Date.now() }
  }

  #failed(member: Member, cause: unknown): void {
    if (!(cause instanceof ChainError) || !isDown(cause)) return
    if (member.health.state !== 'dead') {
      this.options.log?.warn('chain node does not answer', { node: member.health.node, reason: cause.text })
    }
    member.health = { ...member.health, state: 'dead', error: cause.text }
    const index = this.#members.indexOf(member)
    if (this.#preferred === index) this.#preferred = (index + 1) % this.#members.length
  }

  /** Looks at every node's network, head and weight, and judges each by the heaviest. */
  compare(): Promise<void> {
    this.#comparing ??= this.#compare().finally(() => {
      this.#comparing = undefined
    })
    return this.#comparing
  }

  async #compare(): Promise<void> {
    await Promise.allSettled(this.#members.map((member) => this.#look(member)))
    const seen = this.#members.filter(
      (member) => member.health.state !== 'dead' && member.health.state !== 'wrong-network',
    )
    const best = seen.reduce<Member | undefined>(
      (a, b) => (a === undefined || (b.health.weight ?? 0n) > (a.health.weight ?? 0n) ? b : a),
      undefined,
    )
    for (const member of seen) {
      if (best === undefined || member.head === undefined || best.head === undefined) continue
      const behind = best.head.height - member.head.height
      const forked = member !== best && (await this.#forked(member, best))
      const state = forked ? 'forked' : behind > laggingEpochs ? 'lagging' : 'ok'
      if (state !== member.health.state && state !== 'ok') {
        this.options.log?.warn(`chain node is ${state}`, { node: member.health.node, behindEpochs: behind })
      }
      member.health = { ...member.health, state }
    }
  }

  async #look(member: Member): Promise<void> {
    const expected = this.options.networkName
    if (expected !== undefined && member.health.state !== 'ok') {
      const name = await this.#ask(member, 'Filecoin.StateNetworkName', [], 5_000)
      if (name !== expected) {
        member.health = { ...member.health, state: 'wrong-network', error: `is of network ${String(name)}` }
        return
      }
    }
    const head = tipSet.read(await this.#ask(member, 'Filecoin.ChainHead', [], 5_000), 'ChainHead')
    const key = head.key.map((cid) => ({ '/': cid }))
    const weight = decimal.read(
      await this.#ask(member, 'Filecoin.ChainTipSetWeight', [key], 5_000),
      'ChainTipSetWeight',
    )
    member.head = head
    member.health = { ...member.health, headEpoch: head.height as ChainEpoch, weight }
  }

  async #forked(member: Member, best: Member): Promise<boolean> {
    if (member.head === undefined || best.head === undefined) return false
    const at = Math.min(member.head.height, best.head.height) - forkDepthEpochs
    if (at < 0) return false
    const asks = [member, best].map(async (one) =>
      tipSet.read(
        await this.#ask(one, 'Filecoin.ChainGetTipSetByHeight', [at, null], 5_000),
        'ChainGetTipSetByHeight',
      ),
    )
    const [a, b] = await Promise.allSettled(asks)
    if (a?.status !== 'fulfilled' || b?.status !== 'fulfilled') return false
    return !sameKey(a.value.key, b.value.key)
  }
}

/** A result, or an error in the node's own words. */
function isAnswer(outcome: PromiseSettledResult<Json> | undefined): boolean {
  if (outcome === undefined) return false
  return outcome.status === 'fulfilled' || !(outcome.reason instanceof ChainError && isDown(outcome.reason))
}

/** Resolves when all have settled, or so long after the first was fulfilled. */
async function settledWithin(all: readonly Promise<unknown>[], graceMs: number): Promise<void> {
  const enough = new AbortController()
  const late = Promise.any(all).then(
    async () => await pause(graceMs, undefined, { signal: enough.signal }).catch(() => undefined),
    () => undefined,
  )
  await Promise.race([Promise.allSettled(all), late])
  enough.abort()
}

function isDown(error: ChainError): boolean {
  return (
    error.code === 'NODE_DOWN' ||
    error.code === 'TIMEOUT' ||
    error.code === 'BUSY' ||
    error.code === 'MALFORMED' ||
    (error.code === 'REFUSED' && !lacksPermission(error))
  )
}

/** Its token allows other calls: the node is well, and another one's token may allow more. */
function lacksPermission(error: ChainError): boolean {
  return /missing permission/.test(error.text)
}

function anotherMayKnow(error: ChainError): boolean {
  return (
    isDown(error) ||
    lacksPermission(error) ||
    error.code === 'NO_METHOD' ||
    /could not find|block not found/.test(error.text)
  )
}

function closedUnderUs(error: unknown): boolean {
  if (!(error instanceof ChainError) || error.code !== 'NODE_DOWN') return false
  const reason = error.cause instanceof Error ? error.cause.cause : undefined
  const code = reason instanceof Error && 'code' in reason ? reason.code : undefined
  return code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE'
}
