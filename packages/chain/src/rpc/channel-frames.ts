import { ChainError, type ChainErrorFacts } from '../chain-error.js'
import { rpcError } from './answer-of.js'
import { type Json, parseJson } from './json.js'

/** Values that may come before the answer that names their channel; a node that sends more is not answering. */
const earlyLimit = 256

/** Whatever a node writes into a frame. */
interface ServerFrame {
  readonly id?: Json
  readonly method?: Json
  readonly params?: Json
  readonly result?: Json
  readonly error?: Json
}

/** Reads what a node says on a WebSocket with one channel, asked for with id 1. Knows JSON-RPC, nothing of sockets. */
export class ChannelFrames {
  /** As JSON text, by which channel ids are compared. */
  #channel: string | undefined
  // go-jsonrpc may send values before the answer that names their channel.
  readonly #early = new Map<string, Json[]>()
  #earlyCount = 0

  constructor(private readonly facts: ChainErrorFacts) {}

  /** Whether the node has named the channel. */
  get opened(): boolean {
    return this.#channel !== undefined
  }

  /**
   * The channel's values that this frame brings, or `closed` when it ends the channel. Frames of other channels bring none.
   * @throws ChainError MALFORMED for what is no JSON-RPC, or the node's own error when it opens no channel
   */
  read(text: string): readonly Json[] | 'closed' {
    const frame = this.#frame(text)
    if (frame.method === 'xrpc.ch.val' && Array.isArray(frame.params)) {
      const [id, value = null] = frame.params as readonly Json[]
      return this.#value(nameOf(id), value)
    }
    if (frame.method === 'xrpc.ch.close' && Array.isArray(frame.params)) {
      const [id] = frame.params as readonly Json[]
      return this.opened && nameOf(id) === this.#channel ? 'closed' : []
    }
    return frame.id === 1 ? this.#answer(frame) : []
  }

  #frame(text: string): ServerFrame {
    let json: Json
    try {
      json = parseJson(text)
    } catch (cause) {
      throw this.#malformed(cause instanceof Error ? cause.message : String(cause), cause)
    }
    if (json === null || typeof json !== 'object' || Array.isArray(json))
      throw this.#malformed('not a JSON-RPC frame')
    return json as ServerFrame
  }

  #value(name: string | undefined, value: Json): readonly Json[] {
    if (name === undefined) throw this.#malformed('a value of a channel without a number')
    if (this.opened) return name === this.#channel ? [value] : []
    if (++this.#earlyCount > earlyLimit) throw this.#malformed('values of a channel that was never opened')
    const values = this.#early.get(name)
    if (values === undefined) this.#early.set(name, [value])
    else values.push(value)
    return []
  }

  #answer({ error, result }: ServerFrame): readonly Json[] {
    if (error !== undefined && error !== null) throw rpcError(error, this.facts)
    const name = nameOf(result)
    if (name === undefined) throw this.#malformed('the answer names no channel')
    if (this.opened) throw this.#malformed('the subscription was answered twice')
    this.#channel = name
    const values = this.#early.get(name) ?? []
    this.#early.clear()
    return values
  }

  #malformed(text: string, cause?: unknown): ChainError {
    return new ChainError('MALFORMED', { ...this.facts, text }, { cause })
  }
}

/** A channel's name: go-jsonrpc counts them, others might write words. */
function nameOf(id: Json | undefined): string | undefined {
  return typeof id === 'number' || typeof id === 'bigint' || typeof id === 'string' ? `${id}` : undefined
}
