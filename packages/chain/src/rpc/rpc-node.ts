import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { ChainError, type ChainErrorFacts } from '../chain-error.js'
import type { NodeAddress } from '../node/api-info.js'
import { answerOf, shownBody } from './answer-of.js'
import { ChannelFrames } from './channel-frames.js'
import { type Json, stringifyJson } from './json.js'

export interface RpcNodeOptions {
  readonly timeoutMs: number
  /** An answer longer than this is refused while it arrives. */
  readonly maxResponseBytes: number
}

/** Values a subscriber has not taken yet: with this many, the socket is read no further. */
const unreadLimit = 4

/** Pings that are remembered while the subscriber is busy: a pong to the newest answers for those before it. */
const pingLimit = 64

/** The longest a ping waits for the subscriber to have taken what came before it. Lotus gives up after 30 s. Unit: ms. */
const longestPongMs = 5_000

/** A node that says "too many requests" without saying for how long is left alone so long, twice as long each time. Unit: ms. */
const firstRestMs = 500
/** … and at most so long, whatever it says: a day of Retry-After would be a day without a proof. Unit: ms. */
const longestRestMs = 30_000

/** One node: calls over HTTP, subscriptions each over a WebSocket of its own. Knows JSON-RPC, nothing of the chain. */
export class RpcNode {
  #nextId = 1
  readonly #closed = new AbortController()
  /** Until when it is left alone, and how long the rest before was. `performance.now()`, ms. */
  #rest = { untilMs: 0, lastMs: 0 }

  constructor(
    readonly address: NodeAddress,
    private readonly options: RpcNodeOptions,
  ) {}

  close(): void {
    this.#closed.abort()
  }

  /**
   * One call; `params` are positional. Rejects with ChainError: a named one for what the node answered, NODE_DOWN,
   * TIMEOUT, TOO_LARGE or MALFORMED for what it did not. A node that limits how often it may be asked is asked again, later and
   * by all calls together, as long as the call's time lasts; then BUSY.
   */
  async call(method: string, params: readonly Json[], timeoutMs = this.options.timeoutMs): Promise<Json> {
    const facts: ChainErrorFacts = { method, node: this.address.shown }
    const deadline = performance.now() + timeoutMs
    const timeout = AbortSignal.timeout(timeoutMs)
    let limited: ChainError | undefined
    for (;;) {
      const restMs = this.#rest.untilMs - performance.now()
      if (limited !== undefined && performance.now() + Math.max(restMs, 0) >= deadline) throw limited
      if (restMs > 0) await rested(restMs, AbortSignal.any([timeout, this.#closed.signal]))
      try {
        const answer = await this.#once(method, params, facts, timeout, timeoutMs)
        this.#rest.lastMs = 0
        return answer
      } catch (cause) {
        if (!(cause instanceof ChainError) || cause.code !== 'BUSY') throw cause
        limited = cause
        // A node that said no by JSON-RPC named no time.
        if (this.#rest.untilMs <= performance.now()) this.#leaveAlone(undefined)
      }
    }
  }

  async #once(
    method: string,
    params: readonly Json[],
    facts: ChainErrorFacts,
    timeout: AbortSignal,
    timeoutMs: number,
  ): Promise<Json> {
    const body = stringifyJson({ jsonrpc: '2.0', id: this.#nextId++, method, params })
    let text: string
    let response: Response
    try {
      response = await fetch(this.address.httpUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...this.#authorization() },
        body,
        redirect: 'error',
        signal: AbortSignal.any([timeout, this.#closed.signal]),
      })
      text = await this.#bounded(response, facts)
    } catch (cause) {
      if (cause instanceof ChainError) throw cause
      if (timeout.aborted) {
        throw new ChainError(
          'TIMEOUT',
          { ...facts, text: `no answer within ${timeoutMs / 1000} s` },
          { cause },
        )
      }
      throw new ChainError('NODE_DOWN', { ...facts, text: reasonOf(cause) }, { cause })
    }
    const { status } = response
    if (status === 401)
      throw new ChainError('REFUSED', { ...facts, text: 'the node does not accept our token' })
    if (status === 403) {
      throw new ChainError('REFUSED', {
        ...facts,
        text: `what stands before the node does not let this call through (HTTP 403): ${shownBody(text)}`,
      })
    }
    if (status === 429 || status === 503) throw this.#busy(response, text, facts)
    return answerOf(text, status, facts)
  }

  #busy(response: Response, text: string, facts: ChainErrorFacts): ChainError {
    this.#leaveAlone(retryAfterMs(response.headers.get('retry-after')))
    const limits =
      response.status === 429 ? 'the node limits how often it may be asked' : 'the node has no time for us'
    return new ChainError('BUSY', {
      ...facts,
      text: `${limits} (HTTP ${response.status}): ${shownBody(text)}`,
    })
  }

  #leaveAlone(askedMs: number | undefined): void {
    const lastMs = Math.min(askedMs ?? Math.max(firstRestMs, 2 * this.#rest.lastMs), longestRestMs)
    this.#rest = { untilMs: Math.max(this.#rest.untilMs, performance.now() + lastMs), lastMs }
  }

  async #bounded(response: Response, facts: ChainErrorFacts): Promise<string> {
    const limit = this.options.maxResponseBytes
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.length
      if (size > limit) {
        throw new ChainError('TOO_LARGE', { ...facts, text: `the answer is longer than ${limit} bytes` })
      }
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  #authorization(): Record<string, string> {
    return this.address.token === undefined ? {} : { authorization: `Bearer ${this.address.token}` }
  }

  /**
   * Opens a channel and yields what comes through it, until the node closes it (returns), the connection breaks
   * (throws NODE_DOWN) or `signal` is aborted (returns). What is not consumed is not read from the socket.
   */
  async *subscribe(method: string, params: readonly Json[], signal: AbortSignal): AsyncGenerator<Json> {
    const facts: ChainErrorFacts = { method, node: this.address.shown }
    const ends = AbortSignal.any([signal, this.#closed.signal])
    if (ends.aborted) return
    const socket = new WebSocket(this.address.webSocketUrl, {
      headers: this.#authorization(),
      handshakeTimeout: this.options.timeoutMs,
      maxPayload: this.options.maxResponseBytes,
      autoPong: false,
    })
    // A pong says that the subscriber took all that came before its ping: the devnet's rush listens for it.
    const pongs = new Pongs(socket)
    const unread: Json[] = []
    const frames = new ChannelFrames(facts)
    let ended: { error?: ChainError } | undefined
    let wake: () => void = () => undefined

    const end = (error?: ChainError) => {
      ended ??= error === undefined ? {} : { error }
      wake()
    }
    const deliver = (values: readonly Json[]) => {
      unread.push(...values)
      pongs.idle(false)
      if (unread.length >= unreadLimit) socket.pause()
      wake()
    }
    socket.on('open', () => socket.send(stringifyJson({ jsonrpc: '2.0', id: 1, method, params })))
    socket.on('message', (data) => {
      try {
        const read = frames.read(String(data))
        if (read === 'closed') end()
        else if (read.length > 0) deliver(read)
      } catch (cause) {
        end(
          cause instanceof ChainError
            ? cause
            : new ChainError('MALFORMED', { ...facts, text: reasonOf(cause) }, { cause }),
        )
      }
    })
    socket.on('error', (cause) =>
      end(new ChainError('NODE_DOWN', { ...facts, text: reasonOf(cause) }, { cause })),
    )
    socket.on('close', () =>
      end(new ChainError('NODE_DOWN', { ...facts, text: 'the connection was closed' })),
    )
    const aborted = () => end()
    ends.addEventListener('abort', aborted, { once: true })
    const opening = setTimeout(() => {
      if (!frames.opened) end(new ChainError('TIMEOUT', { ...facts, text: 'no channel was opened in time' }))
    }, this.options.timeoutMs)
    try {
      for (;;) {
        const next = unread.shift()
        if (next !== undefined) {
          yield next
          if (unread.length === 0) socket.resume()
          continue
        }
        if (ends.aborted) return
        if (ended?.error !== undefined) throw ended.error
        if (ended !== undefined) return
        socket.resume()
        pongs.idle(true)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      clearTimeout(opening)
      pongs.stop()
      ends.removeEventListener('abort', aborted)
      socket.removeAllListeners('message')
      socket.resume()
      if (socket.readyState === WebSocket.OPEN && frames.opened) {
        socket.send(stringifyJson({ jsonrpc: '2.0', method: 'xrpc.cancel', params: [1] }))
      }
      socket.terminate()
    }
  }
}

/** `Retry-After` in seconds or as a date. Source: RFC 9110 §10.2.3. Unit of the result: ms. */
function retryAfterMs(header: string | null): number | undefined {
  if (header === null) return undefined
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) && ms > 0 ? ms : undefined
}

/** Resolves after `ms`, or as soon as `signal` is aborted. */
async function rested(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined)
}

/** Answers pings when everything before them was taken, or after a while. */
class Pongs {
  #idle = true
  #waiting: Buffer[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(private readonly socket: WebSocket) {
    socket.on('ping', (data) => {
      this.#waiting.push(data)
      if (this.#waiting.length > pingLimit) this.#waiting.shift()
      if (this.#idle) this.#answer()
      else this.#timer ??= setTimeout(() => this.#answer(), longestPongMs)
    })
  }

  idle(idle: boolean): void {
    this.#idle = idle
    if (idle) this.#answer()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#waiting = []
  }

  #answer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const data of this.#waiting.splice(0)) {
      if (this.socket.readyState === WebSocket.OPEN) this.socket.pong(data)
    }
  }
}

/** Node hides the interesting part of a failed fetch in `cause`. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const inner = cause.cause
  if (inner instanceof AggregateError) return inner.errors.map(reasonOf).join('; ')
  return inner instanceof Error ? inner.message || cause.message : cause.message
}
