import { Health, Log, type Queues, type QueueWorker } from '@sealane/host'
import { type HomewardMessage, homeward, outward, type PayloadOf } from '@sealane/jobs'
import type { Outbox, OutboxMessage } from '@sealane/sql'
import type { Clock } from '../clock.js'
import type { Offers } from './offers.js'
import type { TakeOutward } from './take-outward.js'

/** How often the outbox is looked at without being poked. Unit: ms. */
const lookEveryMs = 1_000
/** Acknowledgements wait this long for company. Unit: ms. */
const gatherMs = 20
/** Acknowledgements in one job at most. Source: the homeward schema. */
const maxAcknowledgements = 200

/**
 * The crossing's end abroad. Outbox rows go onto the homeward queue again and again until home says, on the outward
 * queue, that it has committed them; what comes outward is committed here and then acknowledged. Finishing a job
 * acknowledges nothing.
 */
export class CrossingLink {
  #worker: QueueWorker | undefined
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #again = false
  #stopped = false
  #acknowledged: { sender: string; subject: string; sequence: number }[] = []
  #gathering: NodeJS.Timeout | undefined
  #acknowledgementJobs = 0

  constructor(
    private readonly queues: Queues,
    private readonly outbox: Outbox,
    private readonly offers: Offers,
    private readonly outwardTaker: TakeOutward,
    private readonly arrived: () => void,
    private readonly clock: Clock,
    private readonly health: Health,
    private readonly log: Log,
  ) {}

  start(): void {
    this.offers.onPut(() => this.poke())
    this.#worker = this.queues.work(outward, (job) => this.#take(job), { concurrency: 4 })
    this.#timer = setInterval(() => this.poke(), lookEveryMs)
    this.poke()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    clearTimeout(this.#gathering)
    await this.#worker?.close()
    await this.#sending
  }

  /** Sends what is due now. */
  poke(): void {
    if (this.#stopped) return
    if (this.#sending !== undefined) {
      this.#again = true
      return
    }
    this.#sending = this.#send()
      .catch((error: unknown) => this.log.warn('homeward messages wait in the outbox', { error }))
      .finally(() => {
        this.#sending = undefined
        if (this.#again) {
          this.#again = false
          this.poke()
        }
      })
  }

  async #send(): Promise<void> {
    const due = await this.outbox.unacknowledged(this.clock.now())
    if (due.length === 0) return
    // One message that does not fit the schema must not keep the others here.
    const jobs = due.map(jobOf).filter((job) => {
      const { success, error } = homeward.payload.safeParse(job)
      if (!success)
        this.log.error('homeward message does not fit its schema', { subject: job.subject, error })
      return success
    })
    await this.queues.addBulk(homeward, jobs)
    await this.outbox.sent(due, this.clock.now())
    const { since } = await this.outbox.waiting()
    const waitingMs = since === undefined ? 0 : this.clock.now() - since
    const lamp = this.health.room('home')
    if (waitingMs > 60_000)
      lamp.red(`home has acknowledged nothing for ${Math.round(waitingMs / 1000)} s: is the sealer up?`)
    else lamp.green()
  }

  async #take(job: PayloadOf<typeof outward>): Promise<void> {
    await this.outwardTaker.take(job)
    const { sender, subject, sequence } = job
    this.#acknowledged.push({ sender, subject, sequence })
    this.#gathering ??= setTimeout(() => void this.#acknowledge(), gatherMs)
    this.arrived()
  }

  /** Not an outbox row: home repeats what it has not seen acknowledged, and so will this. */
  async #acknowledge(): Promise<void> {
    this.#gathering = undefined
    while (this.#acknowledged.length > 0) {
      const of = this.#acknowledged.splice(0, maxAcknowledgements)
      this.#acknowledgementJobs += 1
      await this.queues.hint(homeward, {
        sender: this.outbox.sender,
        subject: 'acknowledgements',
        sequence: this.clock.now(),
        tries: this.#acknowledgementJobs,
        message: { kind: 'acknowledgements', of },
      })
    }
  }
}

function jobOf({ sender, subject, sequence, tries, snapshot }: OutboxMessage): PayloadOf<typeof homeward> {
  return { sender, subject, sequence, tries, message: snapshot as HomewardMessage }
}
