import { type Json, parseJson, stringifyJson } from '@sealane/chain'
import type { WebSocket } from 'ws'
import type { Dispatcher, Request } from './dispatcher.js'
import type { Channel } from './method.js'
import type { Permission } from './permissions.js'
import { idOf, requestOf } from './request-of.js'

/** One WebSocket: requests answered as they are done, and its subscriptions. */
export class SocketSession {
  #nextChannel = 1
  #nextPing = 1
  /** By channel; a client may use one id for several. */
  readonly #open = new Map<number, { requestId: Json; close: () => void }>()
  readonly #unread = new Map<string, () => void>()

  constructor(
    private readonly socket: WebSocket,
    private readonly dispatcher: Dispatcher,
    private readonly allowed: readonly Permission[],
  ) {
    socket.on('message', (data) => void this.#frame(String(data)))
    // A pong comes after everything before its ping was read from the socket.
    socket.on('pong', (data) => {
      const read = this.#unread.get(data.toString())
      this.#unread.delete(data.toString())
      read?.()
    })
    socket.on('error', () => socket.terminate())
    socket.on('close', () => {
      for (const { close } of this.#open.values()) close()
      this.#open.clear()
      this.#unread.clear()
    })
  }

  #send(json: unknown): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(stringifyJson(json as Json))
  }

  async #frame(text: string): Promise<void> {
    let json: Json
    let request: Request
    try {
      json = parseJson(text)
    } catch {
      // Lotus does not answer what is not JSON.
      return
    }
    try {
      request = requestOf(json)
    } catch (cause) {
      this.#send(this.dispatcher.failure(idOf(json), '', cause))
      return
    }
    if (request.method === 'xrpc.cancel') {
      this.#cancel(request.params[0] ?? null)
      return
    }
    if (this.dispatcher.channel(request.method) !== undefined && request.id !== null) {
      this.#subscribe(request)
      return
    }
    const answer = await this.dispatcher.answer(request, this.allowed)
    if (request.id !== null) this.#send(answer)
  }

  #subscribe(request: Request): void {
    const target = this.dispatcher.channel(request.method)
    if (target === undefined) return
    try {
      this.dispatcher.prepare(target, request, this.allowed)
    } catch (cause) {
      this.#send(this.dispatcher.failure(request.id, request.method, cause))
      return
    }
    const id = this.#nextChannel++
    this.#send({ id: request.id, jsonrpc: '2.0', result: id })
    const channel: Channel = {
      send: (value, read) => {
        this.#send({ jsonrpc: '2.0', method: 'xrpc.ch.val', params: [id, value] })
        if (read === undefined || this.socket.readyState !== this.socket.OPEN) return
        const mark = String(this.#nextPing++)
        this.#unread.set(mark, read)
        this.socket.ping(mark)
      },
      drop: (reason) => this.socket.close(1008, reason),
    }
    this.#open.set(id, { requestId: request.id, close: target.open(channel) })
  }

  #cancel(requestId: Json): void {
    for (const [channel, { requestId: opener, close }] of this.#open) {
      if (opener !== requestId) continue
      this.#open.delete(channel)
      close()
      this.#send({ jsonrpc: '2.0', method: 'xrpc.ch.close', params: [channel] })
    }
  }
}
