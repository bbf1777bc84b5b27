import { WebSocket } from 'ws'
import type { NodeAddress } from '../node/api-info.js'
import { type Json, parseJson, stringifyJson } from '../rpc/json.js'

export interface Frame {
  readonly id?: Json
  readonly method?: string
  readonly result?: Json
  readonly error?: { readonly code: number; readonly message: string }
  readonly params?: readonly Json[]
}

/** The longest frame that is read. Unit: bytes. */
const longestFrame = 64 * 1024 * 1024

/** A WebSocket as it is: every frame in order of arrival, each wait with a deadline. */
export class RawSocket {
  readonly frames: Frame[] = []
  #wake: () => void = () => undefined
  #ended: string | undefined

  private constructor(
    private readonly socket: WebSocket,
    private readonly deadlineMs: number,
  ) {
    socket.on('message', (data) => {
      try {
        this.frames.push(parseJson(String(data)) as unknown as Frame)
      } catch {
        this.#ended ??= 'sent what is not JSON'
      }
      this.#wake()
    })
    socket.on('error', (cause) => this.#end(cause.message))
    socket.on('close', () => this.#end('closed the connection'))
  }

  static async open(node: NodeAddress, deadlineMs: number): Promise<RawSocket> {
    const socket = new WebSocket(node.webSocketUrl, {
      ...(node.token === undefined ? {} : { headers: { authorization: `Bearer ${node.token}` } }),
      handshakeTimeout: deadlineMs,
      maxPayload: longestFrame,
    })
    const raw = new RawSocket(socket, deadlineMs)
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    return raw
  }

  #end(why: string): void {
    this.#ended ??= why
    this.#wake()
  }

  send(frame: object | string): void {
    this.socket.send(
      typeof frame === 'string' ? frame : stringifyJson({ jsonrpc: '2.0', ...frame } as unknown as Json),
    )
  }

  /** What has come of a channel. */
  values(channel: Json): Json[] {
    return this.frames
      .filter(({ method, params }) => method === 'xrpc.ch.val' && params?.[0] === channel)
      .map(({ params }) => params?.[1] ?? null)
  }

  /** Opens a channel: its id. */
  async subscribe(id: number, method: string): Promise<Json> {
    this.send({ id, method, params: [] })
    const answer = await this.until(`${method} is answered`, () =>
      this.frames.find((frame) => frame.id === id),
    )
    if (answer.error !== undefined) throw new Error(`${method}: ${answer.error.message}`)
    return answer.result ?? null
  }

  /** Waits until `look` finds something. Rejects at the deadline, or when the node ends the connection. */
  async until<T>(what: string, look: () => T | undefined, deadlineMs = this.deadlineMs): Promise<T> {
    const end = performance.now() + deadlineMs
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      if (this.#ended !== undefined) throw new Error(`before ${what} the node ${this.#ended}`)
      const left = end - performance.now()
      if (left <= 0) {
        const last = stringifyJson((this.frames.at(-1) ?? null) as unknown as Json).slice(0, 200)
        throw new Error(`waited ${Math.round(deadlineMs / 1000)} s until ${what}; the last frame: ${last}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  close(): void {
    this.socket.terminate()
  }
}
