import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Json, parseJson, stringifyJson } from '../src/index.js'

export interface Exchange {
  readonly request: { readonly method: string; readonly params: Json }
  readonly httpStatus: number
  readonly response?: Json
  readonly responseRaw?: string
}

export function recorded(name: string): Exchange {
  const text = readFileSync(new URL(`./vectors/rpc/${name}.json`, import.meta.url), 'utf8')
  return parseJson(text) as unknown as Exchange
}

/** A node that answers every call of a method with what a real lotus once answered, and remembers what it was asked. */
export class Playback {
  readonly asked: { method: string; params: Json; token: string | undefined }[] = []
  readonly #answers = new Map<string, { status: number; body: string }>()
  readonly #server: Server
  /** What to do instead of answering. */
  instead: 'answer' | 'hang' | 'hang up' | 'hang up once' | 'flood' | 'no json' = 'answer'

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const { method, params } = parseJson(Buffer.concat(chunks).toString()) as {
        method: string
        params: Json
      }
      this.asked.push({ method, params, token: request.headers.authorization })
      if (this.instead === 'hang') return
      if (this.instead === 'hang up' || this.instead === 'hang up once') {
        if (this.instead === 'hang up once') this.instead = 'answer'
        request.socket.destroy()
        return
      }
      if (this.instead === 'flood') {
        response.write('{"result":"')
        const more = () => {
          while (response.write('x'.repeat(65_536)));
          response.once('drain', more)
        }
        more()
        return
      }
      const answer = this.#answers.get(method)
      response.statusCode = answer?.status ?? 500
      response.end(
        this.instead === 'no json'
          ? '<html>502 Bad Gateway</html>'
          : (answer?.body ??
              stringifyJson({
                id: 1,
                jsonrpc: '2.0',
                error: { code: -32601, message: `method '${method}' not found` },
              })),
      )
    })
  }

  static async start(...names: string[]): Promise<Playback> {
    const playback = new Playback()
    for (const name of names) playback.play(name)
    await new Promise<void>((resolve) => playback.#server.listen(0, '127.0.0.1', resolve))
    return playback
  }

  play(name: string, method?: string): void {
    const exchange = recorded(name)
    const body =
      exchange.response === undefined ? (exchange.responseRaw ?? '') : stringifyJson(exchange.response)
    this.#answers.set(method ?? exchange.request.method, { status: exchange.httpStatus, body })
  }

  result(method: string, result: Json): void {
    this.#answers.set(method, { status: 200, body: stringifyJson({ id: 1, jsonrpc: '2.0', result }) })
  }

  error(method: string, code: number, message: string): void {
    this.#answers.set(method, {
      status: 200,
      body: stringifyJson({ id: 1, jsonrpc: '2.0', error: { code, message } }),
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get apiInfo(): string {
    return `/ip4/127.0.0.1/tcp/${this.port}/http`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
