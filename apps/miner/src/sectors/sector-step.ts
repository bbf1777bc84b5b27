import { Injectable } from '@nestjs/common'
import type { TipSet } from '@sealane/chain'
import { Health, Log } from '@sealane/host'
import type { Failure } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { MinerDb } from '../database.js'
import { RoomLoop } from '../loops/room-loop.js'
import type { MessageRequest } from '../messages/message-request.js'
import { MessageStore, type StoredMessage } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { messageLost } from './message-lost.js'
import { type Step, type StepAnswer, type StepRequest, type StepRow, StepStore } from './step-store.js'
import { StepTeller } from './step-teller.js'

/** What a judged request sends; the frame adds request id, class and reason. */
export type StepMessage = Pick<MessageRequest, 'from' | 'to' | 'value' | 'method' | 'params'>

/** What a step does its own way. */
export interface StepRules {
  readonly step: Step
  /** The room's name in logs and health. */
  readonly room: string
  /** The message's name for people: PreCommit, ProveCommit. */
  readonly title: string
  /** Throws when the message under way, which cannot be withdrawn any more, does not do a newer request's work as well. */
  readonly keep?: (older: StepRow, message: StoredMessage) => void
  /** Withdraws a message that came to be of no use, and says why; undefined while it is of use. */
  readonly outdated?: (row: StepRow, message: StoredMessage, head: TipSet) => Promise<Failure | undefined>
  /**
   * Since which epoch the chain shows this very work done, whoever's message did it; undefined when it does not, or shows other facts.
   * `body`: the request's facts as its row keeps them.
   */
  readonly doneOnChain: (sectorNumber: number, body: string, head: TipSet) => Promise<number | undefined>
  /**
   * The work landed at confidence: reads from the chain what it did, and tells it. Returns why not yet, else undefined.
   * Without a message: it was sent by a process whose database was newer than this one, an older backup.
   */
  readonly confirmed: (
    row: StepRow,
    message: StoredMessage | undefined,
    head: TipSet,
  ) => Promise<string | undefined>
  /** What is left to do for rows that landed, each round. */
  readonly landed?: (head: TipSet) => Promise<void>
}

/** Makes the frame of each step. */
@Injectable()
export class SectorSteps {
  constructor(
    readonly db: MinerDb,
    readonly watch: ChainWatch,
    readonly actor: MinerActor,
    readonly network: Network,
    readonly steps: StepStore,
    readonly teller: StepTeller,
    readonly messages: MessageStore,
    readonly messager: Messager,
    readonly log: Log,
    readonly health: Health,
  ) {}

  of(rules: StepRules): SectorStep {
    return new SectorStep(rules, this)
  }
}

/** One of the two messages of a sector's life, from request to told outcome: a request is answered once, its message followed. */
export class SectorStep {
  readonly #loop: RoomLoop

  constructor(
    private readonly rules: StepRules,
    private readonly o: SectorSteps,
  ) {
    const { room } = rules
    const round = () => this.round()
    this.#loop = new RoomLoop({ room, log: o.log, health: o.health.room(room), everyMs: 2_000, round })
    o.watch.onHead(() => this.nudge())
  }

  start(): void {
    this.#loop.start()
  }
  stop(): Promise<void> {
    return this.#loop.stop()
  }
  nudge(): void {
    this.#loop.nudge()
  }

  /**
   * The recorded answer of this request or of a newer one; else plans the message that `judge` makes of it.
   * Throws what `judge` throws, and MinerError STALE_COORDINATOR.
   */
  async submit(request: StepRequest, judge: () => Promise<StepMessage>): Promise<StepAnswer> {
    const { steps, messager, db } = this.o
    const { step, title } = this.rules
    const recorded = await steps.recorded(request)
    if (recorded !== undefined) return recorded

    const older = await steps.find(request.sectorNumber, step)
    if (older !== undefined && (await this.#serves(older, request))) {
      const adopted = await writing(db, (trx) => steps.adopt(trx, older, request))
      this.nudge()
      return adopted
    }
    if (await this.#isDone(request)) {
      const adopted = await writing(db, (trx) => steps.record(trx, request, null))
      this.nudge()
      return adopted
    }
    const message = await judge()
    const answer = await writing(db, async (trx) => {
      const reason = `${title} of sector ${request.sectorNumber}`
      const ask = { requestId: request.requestId, class: step, reason, ...message }
      return await steps.record(trx, request, (await messager.request(trx, ask)).uuid)
    })
    messager.nudge()
    this.nudge()
    return answer
  }

  /**
   * Whether the chain shows this work done already, at confidence: then nothing is sent.
   * Throws MinerError NOT_SETTLED (`retry`) while a reorg may still take it back.
   */
  async #isDone({ sectorNumber, body, step }: StepRequest): Promise<boolean> {
    const head = this.o.watch.requireHead()
    const since = await this.rules.doneOnChain(sectorNumber, body, head)
    if (since === undefined) return false
    if (this.#isSettled(since, head)) return true
    throw new MinerError(
      { code: 'NOT_SETTLED', sector: sectorNumber, epoch: since, headEpoch: head.height },
      `the chain shows the ${step} of sector ${sectorNumber} since epoch ${since}, by a message that is not in this database: waits until a reorg cannot take it back`,
    )
  }

  #isSettled(since: number, head: TipSet): boolean {
    return since + this.o.network.confidence().landing <= head.height
  }

  /** Whether the message of an older turn does this request's work. One that does not is withdrawn, if it still can be. */
  async #serves(older: StepRow, request: StepRequest): Promise<boolean> {
    if (older.stage === 'lost') return false
    const message = await this.#messageOf(older)
    if (message === undefined || messageLost(message) !== undefined) return false
    if (this.o.steps.sameBody(older, request)) return true
    const reason = 'a newer turn of the sector replaced this request'
    if (await this.o.messager.withdraw(message.uuid, new MinerError({ code: 'BAD_REQUEST', reason })))
      return false
    this.rules.keep?.(older, message)
    return true
  }

  async round(): Promise<void> {
    const { watch, actor, steps, teller } = this.o
    const { step, landed } = this.rules
    const head = watch.head
    if (head === undefined || (await actor.find()) === undefined) return
    for (const row of await steps.reverted(step)) await teller.reverted(row, head.height)
    for (const row of await steps.inStage(step, 'sending')) await this.#follow(row, head)
    await landed?.(head)
  }

  async #follow(row: StepRow, head: TipSet): Promise<void> {
    const { teller } = this.o
    if (row.message_uuid === null) return await this.#followForeign(row, head)
    const message = await this.#messageOf(row)
    if (message === undefined) return
    const lost = messageLost(message) ?? (await this.rules.outdated?.(row, message, head))
    if ((lost !== undefined || isRefused(message)) && (await this.#leave(row, message, head))) return
    if (lost !== undefined) {
      await teller.lost(row, lost, head.height)
      return
    }
    const current = await teller.sent(row, message, head.height)
    if (message.state !== 'Confirmed') {
      await teller.why(current, message.why)
      return
    }
    const why = await this.rules.confirmed(current, message, head)
    if (why !== undefined) await teller.why(current, why)
  }

  /** A row whose work was done by a message that is not in this database. */
  async #followForeign(row: StepRow, head: TipSet): Promise<void> {
    const since = await this.rules.doneOnChain(row.sector_number, row.request, head)
    if (since === undefined) {
      const text = `the chain no longer shows the ${this.rules.title} of sector ${row.sector_number}`
      await this.o.teller.lost(row, { code: 'MESSAGE_REPLACED', remedy: 'retry', text }, head.height)
    } else if (this.#isSettled(since, head)) {
      const why = await this.rules.confirmed(row, undefined, head)
      if (why !== undefined) await this.o.teller.why(row, why)
    }
  }

  /** The chain takes a step once. Refused because an earlier message, forgotten here, did it: the row follows the chain from now on. */
  async #leave(row: StepRow, message: StoredMessage, head: TipSet): Promise<boolean> {
    if ((await this.rules.doneOnChain(row.sector_number, row.request, head)) === undefined) return false
    const reason = `the chain shows its work done by another message`
    if (messageLost(message) === undefined) {
      const withdrawn = await this.o.messager.withdraw(
        message.uuid,
        new MinerError({ code: 'BAD_REQUEST', reason }, reason),
      )
      if (!withdrawn) return false
    }
    await writing(this.o.db, (trx) => this.o.steps.save(trx, row, { message_uuid: null }))
    this.o.log.warn('step is done by a message that is not in this database', {
      step: row.step,
      sector: row.sector_number,
    })
    this.nudge()
    return true
  }

  async #messageOf(row: StepRow): Promise<StoredMessage | undefined> {
    return row.message_uuid === null ? undefined : await this.o.messages.byUuid(row.message_uuid)
  }
}

/** Its simulation fails: it has no nonce yet. */
function isRefused(message: StoredMessage): boolean {
  return (message.state === 'Planned' || message.state === 'Held') && message.failure !== null
}
