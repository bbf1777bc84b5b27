import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Json, parseJson, stringifyJson } from '@sealane/chain'
import { WebSocketServer } from 'ws'
import { DevnetError } from '../node/devnet-error.js'
import type { Answer, Dispatcher, Request } from './dispatcher.js'
import type { Permission } from './permissions.js'
import { idOf, requestOf } from './request-of.js'
import { RpcFailure, rpcCode } from './rpc-failure.js'
import { SocketSession } from './socket-session.js'
import type { Tokens } from './tokens.js'

/** Longest request. Source: filecoin-project/lotus node/rpc.go (100 MiB). Unit: bytes. */
const maxRequestBytes = 100 * 1024 * 1024

/** Source: filecoin-project/go-jsonrpc server options. Unit: ms. */
const pingEveryMs = 5_000

/** Longer than anybody polls. Unit: ms. */
const keepAliveMs = 180_000

/** JSON-RPC over HTTP and WebSocket on one port, as go-jsonrpc serves it: statuses, codes and texts included. */
export class RpcServer {
  readonly #server: Server
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: maxRequestBytes })
  readonly #pings: NodeJS.Timeout

  constructor(
    /** What answers at each path: `/rpc/v1`, `/rpc/v0`. */
    private readonly dispatchers: ReadonlyMap<string, Dispatcher>,
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
      const dispatcher = this.#dispatcher(request)
      if (dispatcher === undefined)
        return end(response, 404, '404 page not found\n', 'text/plain; charset=utf-8')
      const allowed = await this.#allowed(request)
      if (allowed === undefined) return end(response, 401, '')
      const body = await bodyOf(request)
      if (body === undefined) return end(response, 413, '')
      if (request.method !== 'POST' || body.trim() === '') return invalid(dispatcher, response)
      await answerBody(dispatcher, body, allowed, response)
    } catch (cause) {
      if (!response.headersSent)
        end(response, 500, `${cause instanceof Error ? cause.message : String(cause)}\n`)
    }
  }

  #dispatcher(request: IncomingMessage): Dispatcher | undefined {
    return this.dispatchers.get(new URL(request.url ?? '/', 'http://devnet').pathname)
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    const dispatcher = this.#dispatcher(request)
    const allowed = dispatcher === undefined ? undefined : await this.#allowed(request)
    if (dispatcher === undefined || allowed === undefined) {
      const status = dispatcher === undefined ? '404 Not Found' : '401 Unauthorized'
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      new SocketSession(client, dispatcher, allowed)
    })
  }
}

async function answerBody(
  dispatcher: Dispatcher,
  body: string,
  allowed: readonly Permission[],
  response: ServerResponse,
): Promise<void> {
  let json: Json
  try {
    json = parseJson(body)
  } catch {
    const failure = dispatcher.failure(null, '', new RpcFailure(rpcCode.parseError, 'Parse error'))
    return send(response, 500, failure)
  }
  if (Array.isArray(json)) {
    if (json.length === 0) return invalid(dispatcher, response)
    const answers: Answer[] = []
    for (const one of json as readonly Json[]) {
      const answer = await answerOne(dispatcher, one, allowed)
      if (answer !== undefined) answers.push(answer)
    }
    return end(response, 200, stringifyJson(answers as unknown as Json), 'application/json')
  }
  const answer = await answerOne(dispatcher, json, allowed)
  if (answer === undefined) return end(response, 200, '')
  send(response, 'error' in answer ? statusOf(answer.error.code) : 200, answer)
}

/** The answer to one request; undefined when it is a notification. */
async function answerOne(
  dispatcher: Dispatcher,
  json: Json,
  allowed: readonly Permission[],
): Promise<Answer | undefined> {
  let request: Request
  try {
    request = requestOf(json)
  } catch (cause) {
    return dispatcher.failure(idOf(json), '', cause)
  }
  const answer = await dispatcher.answer(request, allowed)
  return request.id === null ? undefined : answer
}

function invalid(dispatcher: Dispatcher, response: ServerResponse): void {
  send(response, 400, dispatcher.failure(null, '', new RpcFailure(rpcCode.invalidRequest, 'Invalid request')))
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
