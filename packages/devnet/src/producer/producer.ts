import type { Cid } from '@sealane/actors'
import type { ClockSettings } from '../clock/clock-settings.js'
import { type ClockState, requestAdvance, resumeClock, startClock, stepped } from '../clock/clock-state.js'
import { type ClockDecision, nextTick } from '../clock/next-tick.js'
import { LedgerError } from '../ledger/ledger-error.js'
import type { Pooled } from '../mempool/pooled.js'
import type { DevnetNode } from '../node/devnet-node.js'
import { branchFrom, type TicketBook, withNullRounds } from '../randomness/ticket-book.js'
import type { StoredBlock } from '../store/chain-store.js'
import type { ChainState } from '../vm/index.js'
import { type BuiltBlock, buildBlock, type Parent } from './build-block.js'

/** Epochs of a rush that are made durable together, and the most wall time that may take. */
const batchEpochs = 16
const batchMs = 20

/** While it waits for somebody, the clock writes down at most this often what it has used up. Unit: ms. */
const noteEveryMs = 1_000

/** The deepest reorg that may be asked for: finality. Unit: epochs. */
const deepestReorg = 900

interface Timing {
  /** Monotonic. Unit: ms. */
  readonly monotonic: () => number
}

export interface ProducerLog {
  info(text: string, fields?: Readonly<Record<string, unknown>>): void
  warn(text: string, fields?: Readonly<Record<string, unknown>>): void
  error(text: string, fields?: Readonly<Record<string, unknown>>): void
}

type Command =
  | { readonly kind: 'nullRounds'; readonly rounds: number; readonly done: Settle }
  | { readonly kind: 'reorg'; readonly depth: number; readonly withhold: boolean; readonly done: Settle }

interface Settle {
  resolve(): void
  reject(cause: unknown): void
}

/** Makes the blocks: asks the clock, builds, makes durable, tells. One loop, so that nothing else moves the head. */
export class Producer {
  #clock: ClockState
  #decision: ClockDecision | undefined
  #notedAtMs = 0
  #noted: ClockState['held'] = {}
  #wakeSleeper: (() => void) | undefined
  #awake = false
  #stopping = false
  #running: Promise<void> | undefined
  readonly #commands: Command[] = []

  constructor(
    private readonly node: DevnetNode,
    readonly settings: ClockSettings,
    stored: ClockState | undefined,
    private readonly timing: Timing,
    private readonly log: ProducerLog,
  ) {
    const now = timing.monotonic()
    this.#clock = stored === undefined ? startClock(now) : resumeClock(stored, now)
  }

  get clock(): ClockState {
    return this.#clock
  }

  /** What the clock decided last. */
  get decision(): ClockDecision | undefined {
    return this.#decision
  }

  start(): void {
    this.#running ??= this.#loop()
  }

  /** Ends after the block under way; what was promised stays. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.wake()
    await this.#running
    for (const { done } of this.#commands.splice(0)) done.reject(new LedgerError('the devnet is stopping'))
  }

  /** Looks at the clock now: the pool or the followers changed. */
  wake(): void {
    this.#awake = true
    this.#wakeSleeper?.()
  }

  /** Asks for epochs; returns the height that will be reached. They are made as holds and followers allow. */
  async advance(epochs: number, force: boolean): Promise<number> {
    if (this.settings.mode === 'wall')
      throw new LedgerError('this devnet follows wall time and cannot be advanced')
    if (!Number.isSafeInteger(epochs) || epochs <= 0)
      throw new LedgerError('advance by a positive number of epochs')
    const clock = requestAdvance(this.#clock, epochs, force)
    await this.node.store.setFact('clock', clock)
    this.#clock = clock
    this.wake()
    return this.node.head.header.height + (clock.advance?.remaining ?? 0)
  }

  /** Lets `rounds` pass without a block, then makes one. */
  async nullRounds(rounds: number): Promise<void> {
    if (!Number.isSafeInteger(rounds) || rounds <= 0)
      throw new LedgerError('skip a positive number of rounds')
    await this.#command((done) => ({ kind: 'nullRounds', rounds, done }))
  }

  /**
   * Takes the last `depth` tipsets off the chain and makes one more in their place. Their messages go back to the
   * pool, and into the new blocks unless `withhold`.
   */
  async reorg(depth: number, withhold: boolean): Promise<void> {
    const most = Math.min(deepestReorg, this.node.head.header.height - 1)
    if (!Number.isSafeInteger(depth) || depth <= 0 || depth > most) {
      throw new LedgerError(`a reorg takes 1 to ${most} tipsets`)
    }
    await this.#command((done) => ({ kind: 'reorg', depth, withhold, done }))
  }

  async #command(make: (done: Settle) => Command): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#commands.push(make({ resolve, reject }))
      this.wake()
    })
  }

  async #loop(): Promise<void> {
    let failures = 0
    while (!this.#stopping) {
      try {
        await this.#turn()
        failures = 0
      } catch (cause) {
        // A full disk, a broken rule: the chain stands still and says so, and goes on when it can.
        failures++
        this.log.error('could not make a block', {
          reason: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
        })
        await this.#sleep(Math.min(10_000, 250 * 2 ** failures))
      }
    }
  }

  async #turn(): Promise<void> {
    const command = this.#commands.shift()
    if (command !== undefined) {
      await this.#obey(command)
      return
    }
    const { decision, built, book } = await this.#build()
    if (built.length > 0) await this.#commit(built, book)
    this.#decision = decision
    if (decision.action === 'step') return
    await this.#note()
    // The pool may have changed while this was decided.
    await this.#sleep(decision.delayMs)
  }

  /** Makes blocks in memory as long as the clock says step and a batch lasts. */
  async #build(): Promise<{ decision: ClockDecision; built: BuiltBlock[]; book: TicketBook }> {
    const { node } = this
    const built: BuiltBlock[] = []
    const startedAt = this.timing.monotonic()
    let parent = await node.parent()
    let book = node.book
    for (;;) {
      const selected =
        built.length === 0
          ? await node.selection()
          : node.selectFor(parent.post, parent.nextBaseFee, parent.block.header.height + 1)
      const view = await node.view(parent.post, parent.block, selected)
      const now = this.timing.monotonic()
      const decision = nextTick(this.settings, this.#clock, view, now)
      this.#clock = decision.state
      if (decision.action !== 'step') return { decision, built, book }
      const epoch = parent.block.header.height + 1 + decision.nullRounds
      book = withNullRounds(book, parent.block.header.height + 1, epoch - 1)
      const block = await buildBlock(node.chain(book), parent, epoch, selected)
      node.refused(block.refused, epoch)
      built.push(block)
      parent = block
      this.#clock = stepped(this.#clock, epoch, 1, this.timing.monotonic())
      const more =
        decision.rush &&
        built.length < batchEpochs &&
        this.timing.monotonic() - startedAt < batchMs &&
        this.#commands.length === 0
      if (!more || this.#stopping) return { decision, built, book }
    }
  }

  async #commit(built: readonly BuiltBlock[], book: TicketBook): Promise<void> {
    const { node } = this
    await this.#write(built, book, undefined, [])
    node.moved({ reverts: [], applies: built.map(({ block }) => block) })
    // Requests and sockets get their turn between batches.
    await new Promise((resolve) => setImmediate(resolve))
  }

  async #write(
    built: readonly BuiltBlock[],
    book: TicketBook,
    revertFrom: number | undefined,
    repooled: readonly Pooled[],
  ): Promise<void> {
    const { node } = this
    const included = built.flatMap((one) => one.included)
    const unpooled = included.flatMap(({ cid, sender, signed }) => {
      const there = node.pool.of(sender).find((one) => one.signed.message.nonce === signed.message.nonce)
      return there === undefined || there.cid === cid ? [cid] : [cid, there.cid]
    })
    const texts = new Map<Cid, string>()
    const states = new Map<Cid, ChainState>()
    for (const { block, post, postText } of built) {
      if (postText !== undefined) texts.set(block.postRoot, postText)
      states.set(block.postRoot, post)
    }
    await node.ledger.commit(
      {
        ...(revertFrom === undefined ? {} : { revertFrom }),
        blocks: built.map(({ block, inclusions, objects }) => ({ block, inclusions, objects })),
        states: texts,
        unpooled,
        repooled: repooled.map(({ cid, arrival }) => ({ cid, arrival })),
        facts: { clock: this.#clock, book },
      },
      states,
    )
    node.setBook(book)
    this.#noted = this.#clock.held
    const last = built.at(-1)
    if (last !== undefined) node.knowParent(last)
    node.pool.removed(
      included.map(({ sender, cid, signed }) => ({ sender, cid, nonce: signed.message.nonce })),
    )
  }

  /** While waiting: what holds have used up must outlive us. */
  async #note(): Promise<void> {
    const now = this.timing.monotonic()
    if (this.#clock.held === this.#noted || now - this.#notedAtMs < noteEveryMs) return
    await this.node.store.setFact('clock', this.#clock)
    this.#notedAtMs = now
    this.#noted = this.#clock.held
  }

  async #obey(command: Command): Promise<void> {
    try {
      if (command.kind === 'nullRounds') await this.#skip(command.rounds)
      else await this.#reorganise(command.depth, command.withhold)
      command.done.resolve()
    } catch (cause) {
      command.done.reject(cause)
    }
  }

  async #skip(rounds: number): Promise<void> {
    const { node } = this
    const parent = await node.parent()
    const first = parent.block.header.height + 1
    const selected = await node.selection()
    const book = withNullRounds(node.book, first, first + rounds - 1)
    const built = await buildBlock(node.chain(book), parent, first + rounds, selected)
    this.#clock = stepped(this.#clock, first + rounds, 1, this.timing.monotonic())
    await this.#commit([built], book)
  }

  async #reorganise(depth: number, withhold: boolean): Promise<void> {
    const { node } = this
    const oldHead = node.head
    const reverted: StoredBlock[] = []
    let base = oldHead
    while (reverted.length < depth) {
      reverted.push(base)
      base = await node.ledger.parent(base)
    }
    const from = base.header.height + 1
    const returned = await this.#messagesOf(reverted)
    const book = branchFrom(node.book, from)
    await this.#write([], book, from, returned)
    node.pool.returned(returned)

    const built: BuiltBlock[] = []
    let parent: Parent = await node.parent()
    for (let epoch = from; epoch <= oldHead.header.height + 1; epoch++) {
      const selected = withhold ? [] : node.selectFor(parent.post, parent.nextBaseFee, epoch)
      const block = await buildBlock(node.chain(book), parent, epoch, selected)
      built.push(block)
      parent = block
    }
    this.#clock = stepped(this.#clock, oldHead.header.height + 1, 1, this.timing.monotonic())
    await this.#write(built, book, undefined, [])
    node.moved({ reverts: reverted, applies: built.map(({ block }) => block) })
  }

  /** Messages of reverted blocks, oldest first, to stand in the pool before what is there. */
  async #messagesOf(reverted: readonly StoredBlock[]): Promise<Pooled[]> {
    const { node } = this
    const returned: Pooled[] = []
    const before = Math.min(0, ...node.pool.pending().map(({ arrival }) => arrival)) - 1
    for (const block of reverted) {
      for (const { message } of (await node.store.inclusionsIn(block.cid)).reverse()) {
        const signed = await node.message(message)
        const sender = await node.senderOf(signed.message.from)
        returned.push({ cid: message, signed, sender, arrival: before - returned.length })
      }
    }
    return returned.reverse()
  }

  async #sleep(ms: number): Promise<void> {
    if (!this.#awake && !this.#stopping && this.#commands.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms)
        this.#wakeSleeper = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wakeSleeper = undefined
    }
    this.#awake = false
  }
}
