import { type Json, parseJson } from '@sealane/chain'
import { until } from '@sealane/testkit'
import { WebSocket } from 'ws'

/** A JSON-RPC frame, in either direction. */
export interface Frame {
  readonly id?: Json
  readonly result?: Json
  readonly error?: { readonly code: number; readonly message: string }
  readonly method?: string
  readonly params?: readonly Json[]
}

/** One socket and everything that came through it. */
export class SocketLine {
  readonly frames: Frame[] = []
  pings = 0
  private constructor(
    readonly socket: WebSocket,
    split: (frame: Frame) => readonly Frame[],
  ) {
    socket.on('message', (data) => this.frames.push(...split(parseJson(String(data)) as unknown as Frame)))
    socket.on('ping', () => {
      this.pings++
    })
  }

  /** `split` may take a frame apart before it is kept. */
  static async open(
    url: string,
    split: (frame: Frame) => readonly Frame[] = (frame) => [frame],
  ): Promise<SocketLine> {
    const socket = new WebSocket(url)
    const line = new SocketLine(socket, split)
    await new Promise((resolve, reject) => {
      socket.once('open', resolve)
      socket.once('error', reject)
    })
    return line
  }
  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify({ jsonrpc: '2.0', ...frame }))
  }
  async until(what: string, holds: () => boolean): Promise<void> {
    await until(
      what,
      () => ({ last: this.frames.at(-1), holds: holds() }),
      (seen) => seen.holds,
      { everyMs: 5 },
    )
  }
  values(channel: number): Json[] {
    return this.frames
      .filter(({ method, params }) => method === 'xrpc.ch.val' && params?.[0] === channel)
      .map(({ params }) => params?.[1] ?? null)
  }
}

/** The HTTP status with which a server refuses to open a WebSocket. */
export async function refusedWith(url: string): Promise<number | undefined> {
  const socket = new WebSocket(url)
  return await new Promise((resolve) => {
    socket.on('unexpected-response', (_request, response) => resolve(response.statusCode))
    socket.on('error', () => undefined)
  })
}
