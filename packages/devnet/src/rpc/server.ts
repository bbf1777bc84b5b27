import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { DevnetError } from '../node/devnet-error.js'
import { answerBody, type HttpAnswer, invalidRequest } from './answer-body.js'
import type { Dispatcher } from './dispatcher.js'
import type { Permission } from './permissions.js'
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
  async #allowed(request: IncomingMessage, url: URL): Promise<readonly Permission[] | undefined> {
    const header = request.headers.authorization
    const query = url.searchParams.get('token')
    const token = header?.startsWith('Bearer ') === true ? header.slice('Bearer '.length) : (query ?? header)
    if (token === undefined || token === null || token === '') return ['read']
    return await this.tokens.verify(token)
  }

  async #http(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = urlOf(request)
      const dispatcher = url === undefined ? undefined : this.dispatchers.get(url.pathname)
      if (url === undefined || dispatcher === undefined) {
        end(response, { status: 404, body: '404 page not found\n', contentType: 'text/plain; charset=utf-8' })
        return
      }
      const allowed = await this.#allowed(request, url)
      if (allowed === undefined) return end(response, { status: 401, body: '' })
      const body = await bodyOf(request)
      if (body === undefined) return end(response, { status: 413, body: '' })
      end(
        response,
        request.method === 'POST' ? await answerBody(dispatcher, body, allowed) : invalidRequest(dispatcher),
      )
    } catch (cause) {
      const body = `${cause instanceof Error ? cause.message : String(cause)}\n`
      if (!response.headersSent) end(response, { status: 500, body })
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    const url = urlOf(request)
    const dispatcher = url === undefined ? undefined : this.dispatchers.get(url.pathname)
    const allowed =
      url === undefined || dispatcher === undefined ? undefined : await this.#allowed(request, url)
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

/** Where the request goes; undefined when that is no URL (`//`): nothing is served there. */
function urlOf(request: IncomingMessage): URL | undefined {
  return URL.parse(request.url ?? '/', 'http://devnet') ?? undefined
}

function end(response: ServerResponse, { status, body, contentType }: HttpAnswer): void {
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
