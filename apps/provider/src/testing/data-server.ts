import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterAll } from 'vitest'

export type Behaviour = (request: IncomingMessage, response: ServerResponse, data: Uint8Array) => void

/** An http server with one file at each path, each served by its own manners. */
export class DataServer {
  readonly requests: {
    method: string
    path: string
    range: string | undefined
    headers: IncomingMessage['headers']
  }[] = []
  readonly server: Server
  readonly #files = new Map<string, { data: Uint8Array; behaviour: Behaviour }>()
  #port = 0

  constructor() {
    this.server = createServer((request, response) => {
      const path = request.url ?? '/'
      this.requests.push({
        method: request.method ?? '',
        path,
        range: request.headers.range,
        headers: request.headers,
      })
      const file = this.#files.get(path)
      if (file === undefined) response.writeHead(404).end()
      else file.behaviour(request, response, file.data)
    })
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve))
    const address = this.server.address()
    this.#port = typeof address === 'object' && address !== null ? address.port : 0
    afterAll(() => {
      this.server.closeAllConnections()
      this.server.close()
    })
    return this
  }

  /** Puts a file there and returns its URL. */
  put(path: string, data: Uint8Array, behaviour: Behaviour = honest): string {
    this.#files.set(path, { data, behaviour })
    return `http://127.0.0.1:${this.#port}${path}`
  }

  /** Requests for one path. */
  asked(path: string) {
    return this.requests.filter((request) => request.path === path)
  }
}

/** Range, ETag, Content-Length: as a good server does. */
export const honest: Behaviour = (request, response, data) => {
  const { start, end } = rangeOf(request, data.length)
  response.writeHead(206, {
    'accept-ranges': 'bytes',
    etag: '"v1"',
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${data.length}`,
  })
  response.end(data.subarray(start, end))
}

export function rangeOf(request: IncomingMessage, length: number): { start: number; end: number } {
  const [, from = '0', to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  return {
    start: Number(from),
    end: Math.min(length, to === undefined || to === '' ? length : Number(to) + 1),
  }
}
