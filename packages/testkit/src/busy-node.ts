import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { failureText, filText } from './lotus-texts.js'

export interface BusyNodeOptions {
  /** How late its mempool hears of a head. Unit: ms. */
  lagMs?: number
  /** Each so many calls: "429 Too Many Requests", and one second of rest asked for. */
  limitEvery?: number
  /** Each so many questions about the head are answered by a replica that is late by `lagMs`. */
  replicaEvery?: number
  /** Methods that the token does not allow here. */
  forbidden?: readonly string[]
  /** Methods that it does not have. */
  missing?: readonly string[]
  /** False: it answers calls and takes no WebSocket. */
  webSockets?: boolean
}

interface Head {
  seenMs: number
  height: number
  key: unknown
}
interface RpcRequest {
  id: unknown
  method: string
  params: unknown[] | null
}
type Answer = { result: unknown } | { error: { code: number; message: string; data?: string } }

/** How often the node behind is asked for its head. Unit: ms. */
const LOOK_MS = 100
/** Gas for a call that is only tried. Source: lotus build/buildconstants BlockGasLimit. */
const BLOCK_GAS = 10_000_000_000

/**
 * A chain node that stands before a real one and behaves as a Lotus on a fast chain, or a public service, does on a bad day: its mempool
 * hears of heads late, so that nonces, balances and gas estimates are those of some seconds ago; it limits calls, forbids some, cuts
 * WebSockets, is restarted. What fails, fails with lotus' own texts (recorded from lotus 1.36, see `lotus-texts.ts`).
 */
export class BusyNode {
  /** Each error text that it gave of itself, and how often. */
  readonly told = new Map<string, number>()
  readonly #behind: { url: URL; token: string }
  readonly #sockets = new Set<Duplex>()
  readonly #heads: Head[] = []
  readonly #timer: NodeJS.Timeout
  #server: Server
  #port = 0
  #calls = 0
  #headCalls = 0

  private constructor(
    nodes: string,
    private readonly o: BusyNodeOptions,
  ) {
    const [, token = '', host, port] = /^([^:]*):\/ip4\/([^/]+)\/tcp\/(\d+)/.exec(nodes) ?? []
    this.#behind = { url: new URL(`http://${host}:${port}/rpc/v1`), token }
    this.#server = this.#listening()
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), LOOK_MS)
    this.#timer.unref()
  }

  /** @param nodes FULLNODE_API_INFO of the node behind, as `TOKEN:/ip4/…/tcp/…/http` */
  static async start(nodes: string, o: BusyNodeOptions = {}): Promise<BusyNode> {
    const node = new BusyNode(nodes, o)
    await node.#look()
    await node.up()
    return node
  }

  /** Its FULLNODE_API_INFO. */
  get nodes(): string {
    return `${this.#behind.token}:/ip4/127.0.0.1/tcp/${this.#port}/http`
  }

  /** All WebSockets break, as behind a proxy with a time limit. */
  cutSockets(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Nobody answers at its address until `up`. */
  async down(): Promise<void> {
    this.cutSockets()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async up(): Promise<void> {
    if (this.#server.listening) return
    if (this.#port !== 0) this.#server = this.#listening()
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#server.listening) await this.down()
  }

  #listening(): Server {
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy())
    })
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    return server
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    this.#calls += 1
    if (this.o.limitEvery !== undefined && this.#calls % this.o.limitEvery === 0) {
      this.#count('Too Many Requests')
      response.writeHead(429, { 'content-type': 'text/plain', 'retry-after': '1' }).end('Too Many Requests')
      return
    }
    const body = Buffer.concat(chunks).toString()
    const asked = JSON.parse(body) as RpcRequest
    const answer = await this.#late(asked)
    if (answer === undefined) {
      const through = await this.#forward(request.headers, body)
      response.writeHead(through.status, { 'content-type': 'application/json' }).end(through.text)
      return
    }
    if ('error' in answer) this.#count(answer.error.message)
    const status = 'error' in answer && answer.error.code === -32601 ? 500 : 200
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify({ ...answer, id: asked.id, jsonrpc: '2.0' }))
  }

  /** What this node answers of itself; undefined: as the one behind does. */
  async #late({ method, params }: RpcRequest): Promise<Answer | undefined> {
    const name = method.replace('Filecoin.', '')
    if (this.o.missing?.includes(name)) return failed(-32601, `method '${method}' not found`)
    if (this.o.forbidden?.includes(name))
      return failed(1, `missing permission to invoke '${name}' (need 'write')`)
    const late = this.#lateHead()
    if (late === undefined) return undefined
    const [first, second] = params ?? []
    switch (name) {
      case 'MpoolGetNonce': {
        const actor = await this.#ask('StateGetActor', [first, late.key])
        return 'error' in actor ? actor : undefined
      }
      case 'GasEstimateMessageGas':
        return await this.#lateEstimate(first as LotusMessage, late.key)
      case 'MpoolPush':
        return await this.#latePush((first as { Message: LotusMessage }).Message, late.key)
      case 'ChainHead':
        return this.#replica() ? await this.#ask('ChainGetTipSet', [late.key]) : undefined
      case 'StateGetActor':
        return isHead(second) && this.#replica() ? await this.#ask(name, [first, late.key]) : undefined
      case 'StateMarketBalance':
        return isHead(second) && this.#replica() ? await this.#ask(name, [first, late.key]) : undefined
      case 'WalletBalance': {
        if (!this.#replica()) return undefined
        const actor = await this.#ask('StateGetActor', [first, late.key])
        return { result: 'error' in actor ? '0' : (actor.result as { Balance: string }).Balance }
      }
      default:
        return undefined
    }
  }

  async #lateEstimate(message: LotusMessage, key: unknown): Promise<Answer | undefined> {
    const tried = await this.#ask('StateCall', [{ ...message, GasLimit: BLOCK_GAS }, key])
    if ('error' in tried) {
      const { message: why } = tried.error
      return failed(1, `gas estimation failed: CallWithGas failed: ${why}`)
    }
    const { MsgRct, Error: why } = tried.result as { MsgRct: { ExitCode: number }; Error: string }
    if (MsgRct.ExitCode === 0) return undefined
    return { error: { code: 3, message: failureText(MsgRct.ExitCode, why), data: '0x' } }
  }

  async #latePush(message: LotusMessage, key: unknown): Promise<Answer | undefined> {
    const actor = await this.#ask('StateGetActor', [message.From, key])
    if ('error' in actor)
      return failed(1, `failed to look up actor state nonce: ${actor.error.message}: validation failure`)
    const balance = BigInt((actor.result as { Balance: string }).Balance)
    const required = BigInt(message.GasFeeCap) * BigInt(message.GasLimit)
    if (required <= balance) return undefined
    return failed(
      1,
      `failed to check balance: not enough funds (required: ${filText(required)}, balance: ${filText(balance)}): not enough funds to execute transaction`,
    )
  }

  #replica(): boolean {
    this.#headCalls += 1
    return this.o.replicaEvery !== undefined && this.#headCalls % this.o.replicaEvery === 0
  }

  /** The head it believes in; undefined when that is the head. */
  #lateHead(): Head | undefined {
    const { lagMs } = this.o
    if (lagMs === undefined) return undefined
    const until = Date.now() - lagMs
    return this.#heads.findLast(({ seenMs }) => seenMs <= until) ?? this.#heads[0]
  }

  async #look(): Promise<void> {
    const answer = await this.#ask('ChainHead', [])
    if ('error' in answer) return
    const { Height, Cids } = answer.result as { Height: number; Cids: unknown }
    if (this.#heads.at(-1)?.height === Height) return
    this.#heads.push({ seenMs: Date.now(), height: Height, key: Cids })
    while (this.#heads.length > 2 && (this.#heads[1]?.seenMs ?? 0) < Date.now() - 60_000) this.#heads.shift()
  }

  async #ask(name: string, params: unknown[]): Promise<Answer> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: `Filecoin.${name}`, params })
    const { text } = await this.#forward({ authorization: `Bearer ${this.#behind.token}` }, body)
    return JSON.parse(text) as Answer
  }

  async #forward(headers: IncomingHttpHeaders, body: string): Promise<{ status: number; text: string }> {
    const { authorization } = headers
    const response = await fetch(this.#behind.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
      body,
    })
    return { status: response.status, text: await response.text() }
  }

  #upgrade(request: IncomingMessage, client: Duplex, head: Buffer): void {
    client.on('error', () => client.destroy())
    if (this.o.webSockets === false) {
      client.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
      return
    }
    const { hostname, port } = this.#behind.url
    const node: Socket = connect(Number(port), hostname, () => {
      const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${String(value)}`)
      node.write(`${[`GET ${request.url} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`)
      node.write(head)
      node.pipe(client).pipe(node)
    })
    for (const [one, other] of [
      [client, node],
      [node, client],
    ] as const) {
      one.on('error', () => other.destroy())
      one.on('close', () => other.destroy())
    }
    this.#sockets.add(client)
    client.once('close', () => this.#sockets.delete(client))
  }

  #count(text: string): void {
    this.told.set(text, (this.told.get(text) ?? 0) + 1)
  }
}

interface LotusMessage {
  From: string
  GasFeeCap: string
  GasLimit: number
}

function failed(code: number, message: string): Answer {
  return { error: { code, message } }
}

/** An absent or empty tipset key means the head. */
function isHead(key: unknown): boolean {
  return key === undefined || key === null || (Array.isArray(key) && key.length === 0)
}
