import { Health, Log, type Queues, type QueueWorker, type Repeated, repeatedly } from '@sealane/host'
import { type HomewardMessage, homeward, outward, type PayloadOf } from '@sealane/jobs'
import type { Outbox, OutboxMessage } from '@sealane/sql'
import type { Clock } from '../clock.js'
import type { Offers } from './offers.js'
import type { TakeOutward } from './take-outward.js'

/** How often the outbox is looked at without being poked. Unit: ms. */
const lookEveryMs = 1_000
/** After this long without an acknowledgement home counts as away. Unit: ms. */
const silenceMs = 60_000
/** Jobs in the homeward queue from which on nothing is added twice. */
const crowdedQueue = 1_000
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
  #sending: Repeated | undefined
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
    const sending = repeatedly({
      name: 'homeward',
      everyMs: lookEveryMs,
      run: () => this.#send(),
      log: this.log,
    })
    this.#sending = sending
    this.offers.onPut(() => sending.nudge())
    this.#worker = this.queues.work(outward, (job) => this.#take(job), { concurrency: 4 })
  }

  async stop(): Promise<void> {
    clearTimeout(this.#gathering)
    await Promise.all([this.#worker?.close(), this.#sending?.close()])
  }

  async #send(): Promise<void> {
    await this.#shine()
    const due = await this.outbox.unacknowledged(this.clock.now())
    if (due.length === 0) return
    // While home is away the queue fills with what waits for it anyway: only what is not in it yet is added then.
    const crowded = (await this.queues.depth(homeward.queue)) > crowdedQueue
    const jobs = due.filter(({ tries }) => !crowded || tries === 0).map(jobOf)
    await this.queues.addBulk(
      homeward,
      jobs.filter((job) => this.#fits(job)),
    )
    await this.outbox.sent(due, this.clock.now())
  }

  /** One message that does not fit the schema must not keep the others here. */
  #fits(job: PayloadOf<typeof homeward>): boolean {
    const { success, error } = homeward.payload.safeParse(job)
    if (!success) this.log.error('homeward message does not fit its schema', { subject: job.subject, error })
    return success
  }

  async #shine(): Promise<void> {
    const { since } = await this.outbox.waiting()
    const waitedMs = since === undefined ? 0 : this.clock.now() - since
    const lamp = this.health.room('home')
    if (waitedMs < silenceMs) lamp.green()
    else
      lamp.red(
        `home has not acknowledged what waits since ${new Date(this.clock.now() - waitedMs).toISOString()}: is the sealer up?`,
      )
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
