import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What the line does with bytes. `swallow`: they vanish, and neither end is told. */
export interface LineState {
  readonly cut: boolean
  /** From the side that dials (home) to the side that serves (abroad). */
  readonly swallowOutward: boolean
  readonly swallowHomeward: boolean
  /** One way. Unit: ms. */
  readonly delayMs: number
}

export const healthyLine: LineState = {
  cut: false,
  swallowOutward: false,
  swallowHomeward: false,
  delayMs: 0,
}

/** A TCP line that can be broken: home dials it, it dials abroad. Nothing that passes is changed. */
export class FaultProxy {
  #state = healthyLine
  readonly #pairs = new Set<readonly [Socket, Socket]>()

  private constructor(
    private readonly server: Server,
    private readonly targetPort: () => number,
  ) {
    server.on('connection', (home: Socket) => this.#join(home))
  }

  /** Listens on a free port of loopback. `targetPort` is asked for each connection: the far side may not be up yet. */
  static async listen(targetPort: () => number): Promise<FaultProxy> {
    // A side that has ended its half may still be told the rest.
    const server = createServer({ allowHalfOpen: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '127.0.0.1', resolve)
    })
    return new FaultProxy(server, targetPort)
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#pairs.size
  }

  /**
   * A cut resets what is connected and refuses what comes. Connections that lost bytes to `swallow` are reset when it ends: no line
   * gives a TCP stream back with a hole in it.
   */
  set(state: LineState): void {
    const before = this.#state
    this.#state = state
    const healed =
      (before.swallowOutward && !state.swallowOutward) || (before.swallowHomeward && !state.swallowHomeward)
    if (state.cut || healed) this.#resetAll()
  }

  async close(): Promise<void> {
    this.#resetAll()
    await new Promise<void>((resolve) => this.server.close(() => resolve()))
  }

  #resetAll(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  #join(home: Socket): void {
    home.on('error', () => {}) // its end is seen by 'close'
    if (this.#state.cut) {
      home.resetAndDestroy()
      return
    }
    let port: number
    try {
      port = this.targetPort()
    } catch {
      home.resetAndDestroy()
      return
    }
    const abroad = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    abroad.on('error', () => {})
    home.setNoDelay(true)
    const pair = [home, abroad] as const
    this.#pairs.add(pair)
    this.#carry(home, abroad, () => this.#state.swallowOutward)
    this.#carry(abroad, home, () => this.#state.swallowHomeward)
    for (const socket of pair) socket.once('close', () => this.#pairs.delete(pair))
  }

  #carry(from: Socket, to: Socket, swallow: () => boolean): void {
    const way = new DelayedWay(() => this.#state.delayMs)
    from.on('data', (bytes: Buffer) => {
      if (swallow()) return
      way.later(() => {
        if (to.destroyed || to.write(bytes)) return
        from.pause()
        to.once('drain', () => from.resume())
      })
    })
    from.on('end', () => {
      if (!swallow()) way.later(() => to.end())
    })
    from.once('close', (failed) => {
      // What is on its way still arrives; a reset overtakes it.
      if (failed) to.resetAndDestroy()
      else way.later(() => to.destroySoon())
    })
  }
}

/** One direction of one connection: what is put in later never comes out before. */
class DelayedWay {
  readonly #waiting: { readonly dueMs: number; readonly work: () => void }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(private readonly delayMs: () => number) {}

  later(work: () => void): void {
    const dueMs = performance.now() + this.delayMs()
    if (this.#waiting.length === 0 && this.delayMs() === 0) work()
    else {
      this.#waiting.push({ dueMs, work })
      this.#wind()
    }
  }

  #wind(): void {
    const [first] = this.#waiting
    if (first === undefined || this.#timer !== undefined) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#waiting.shift()
        first.work()
        this.#wind()
      },
      Math.max(0, first.dueMs - performance.now()),
    )
  }
}
