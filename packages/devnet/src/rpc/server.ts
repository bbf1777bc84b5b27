import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Json, parseJson, stringifyJson } from '@sealane/chain'
import { type WebSocket, WebSocketServer } from 'ws'
import { DevnetError } from '../node/devnet-error.js'
import type { Answer, Dispatcher, Request } from './dispatcher.js'
import type { Channel } from './method.js'
import type { Permission } from './permissions.js'
import { RpcFailure, rpcCode } from './rpc-failure.js'
import type { Tokens } from './tokens.js'

/** Longest request. Source: filecoin-project/lotus node/rpc.go (100 MiB). Unit: bytes. */
const maxRequestBytes = 100 * 1024 * 1024

/** Source: filecoin-project/go-jsonrpc server options. Unit: ms. */
const pingEveryMs = 5_000

/** Longer than anybody polls. Unit: ms. */
const keepAliveMs = 180_000

const rpcPath = '/rpc/v1'

/** JSON-RPC over HTTP and WebSocket on one port, as go-jsonrpc serves it: statuses, codes and texts included. */
export class RpcServer {
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: maxRequestBytes })
  readonly #pings: NodeJS.Timeout

  constructor(
    private readonly dispatcher: Dispatcher,
    private readonly tokens: Tokens,
  ) {
    this.#server = createServer((request, response) => void this.#http(request, response))
    // Idle clients keep their connection: a request that meets a closing one is a needless failure.
    this.#server.keepAliveTimeout = keepAliveMs
    this.#server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head))
    this.#pings = setInterval(() => {
      for (const client of this.#sockets.clients) if (client.readyState === client.OPEN) client.ping()
    }, pingEveryMs)
    this.#pings.unref()
  }

  /** @throws DevnetError LISTEN_FAILED */
  async listen(host: string, port: number): Promise<AddressInfo> {
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: NodeJS.ErrnoException) =>
        reject(
          new DevnetError(
            'LISTEN_FAILED',
            cause.code === 'EADDRINUSE'
              ? `port ${port} of ${host} is taken: stop what listens there, or choose another`
              : `cannot listen on ${host}:${port}: ${cause.message}`,
            { cause },
          ),
        )
      this.#server.once('error', failed)
      this.#server.listen(port, host, () => {
        this.#server.off('error', failed)
        resolve()
      })
    })
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new TypeError('a TCP server has an address')
    return address
  }

  async close(): Promise<void> {
    clearInterval(this.#pings)
    for (const client of this.#sockets.clients) client.terminate()
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  /** What the request's token allows; undefined when the token is not ours. Without a token: read. */
  async #allowed(request: IncomingMessage): Promise<readonly Permission[] | undefined> {
    const header = request.headers.authorization
    const query = new URL(request.url ?? '/', 'http://devnet').searchParams.get('token')
    const token = header?.startsWith('Bearer ') === true ? header.slice('Bearer '.length) : (query ?? header)
    if (token === undefined || token === null || token === '') return ['read']
    return await this.tokens.verify(token)
  }

  async #http(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const path = new URL(request.url ?? '/', 'http://devnet').pathname
      if (path !== rpcPath) return end(response, 404, '404 page not found\n', 'text/plain; charset=utf-8')
      const allowed = await this.#allowed(request)
      if (allowed === undefined) return end(response, 401, '')
      const body = await bodyOf(request)
      if (body === undefined) return end(response, 413, '')
      if (request.method !== 'POST' || body.trim() === '') return this.#invalid(response)
      await this.#body(body, allowed, response)
    } catch (cause) {
      if (!response.headersSent)
        end(response, 500, `${cause instanceof Error ? cause.message : String(cause)}\n`)
    }
  }

  async #body(body: string, allowed: readonly Permission[], response: ServerResponse): Promise<void> {
    let json: Json
    try {
      json = parseJson(body)
    } catch {
      const failure = this.dispatcher.failure(null, '', new RpcFailure(rpcCode.parseError, 'Parse error'))
      return send(response, 500, failure)
    }
    if (Array.isArray(json)) {
      if (json.length === 0) return this.#invalid(response)
      const answers: Answer[] = []
      for (const one of json as readonly Json[]) {
        const answer = await this.#one(one, allowed)
        if (answer !== undefined) answers.push(answer)
      }
      return end(response, 200, stringifyJson(answers as unknown as Json), 'application/json')
    }
    const answer = await this.#one(json, allowed)
    if (answer === undefined) return end(response, 200, '')
    send(response, 'error' in answer ? statusOf(answer.error.code) : 200, answer)
  }

  /** The answer to one request; undefined when it is a notification. */
  async #one(json: Json, allowed: readonly Permission[]): Promise<Answer | undefined> {
    let request: Request
    try {
      request = requestOf(json)
    } catch (cause) {
      return this.dispatcher.failure(idOf(json), '', cause)
    }
    const answer = await this.dispatcher.answer(request, allowed)
    return request.id === null ? undefined : answer
  }

  #invalid(response: ServerResponse): void {
    send(
      response,
      400,
      this.dispatcher.failure(null, '', new RpcFailure(rpcCode.invalidRequest, 'Invalid request')),
    )
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    const path = new URL(request.url ?? '/', 'http://devnet').pathname
    const allowed = path === rpcPath ? await this.#allowed(request) : undefined
    if (allowed === undefined) {
      const status = path === rpcPath ? '401 Unauthorized' : '404 Not Found'
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      new SocketSession(client, this.dispatcher, allowed)
    })
  }
}

/** One WebSocket: requests answered as they are done, and its subscriptions. */
class SocketSession {
  #nextChannel = 1
  #nextPing = 1
  readonly #open = new Map<string, { channel: number; close: () => void }>()
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
      this.#cancel(String(request.params[0]))
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
    this.#open.set(String(request.id), { channel: id, close: target.open(channel) })
  }

  #cancel(requestId: string): void {
    const open = this.#open.get(requestId)
    if (open === undefined) return
    this.#open.delete(requestId)
    open.close()
    this.#send({ jsonrpc: '2.0', method: 'xrpc.ch.close', params: [open.channel] })
  }
}

function requestOf(json: Json): Request {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new RpcFailure(rpcCode.invalidRequest, 'Invalid request')
  }
  const { id, method, params } = json as { readonly [key: string]: Json | undefined }
  if (id !== undefined && id !== null && typeof id === 'object') {
    const goType = Array.isArray(id) ? '[]interface {}' : 'map[string]interface {}'
    throw new RpcFailure(rpcCode.parseError, `failed to parse ID: invalid id type: ${goType}`)
  }
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    const kind = typeof params === 'object' ? 'object' : typeof params
    throw new RpcFailure(
      rpcCode.parseError,
      `unmarshaling param array: json: cannot unmarshal ${kind} into Go value of type []jsonrpc.param`,
    )
  }
  return {
    id: id ?? null,
    method: typeof method === 'string' ? method : '',
    params: (params ?? []) as readonly Json[],
  }
}

/** The id to answer a request with that could not be read. */
function idOf(json: Json): Json {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return null
  const { id } = json as { readonly id?: Json }
  return id === undefined || typeof id === 'object' ? null : id
}

function statusOf(code: number): number {
  if (code === rpcCode.invalidRequest) return 400
  return code < 0 ? 500 : 200
}

function send(response: ServerResponse, status: number, answer: Answer): void {
  end(response, status, `${stringifyJson(answer as unknown as Json)}\n`, 'application/json')
}

function end(response: ServerResponse, status: number, body: string, contentType?: string): void {
  if (contentType !== undefined) response.setHeader('content-type', contentType)
  response.statusCode = status
  response.end(body)
}

/** The request's body; undefined when it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > maxRequestBytes) return undefined
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}
