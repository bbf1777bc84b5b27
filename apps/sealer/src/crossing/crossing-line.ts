import { type Log, type Queues, remedyOf } from '@sealane/host'
import { crossingJobMaxBytes, homeward, type OutwardMessage, outward } from '@sealane/jobs'
import type { Outbox } from '@sealane/sql'
import { type HomewardTools, takeHomeward } from './take-homeward.js'

/** How often waiting messages are looked for; fresh ones are sent at once by `flush`. Unit: ms. */
const LOOK_MS = 250

/** Both ways of the crossing as home sees it: takes homeward jobs, sends the outbox outward until it is acknowledged. */
export class CrossingLine {
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #stopped = false
  #listening = false

  constructor(
    private readonly o: {
      queues: Queues
      outbox: Outbox
      /** Undefined while the miner is not known yet: jobs then wait. */
      tools: () => HomewardTools | undefined
      arrived: (dealUuid: string) => void
      log: Log
      now: () => number
    },
  ) {}

  start(): void {
    this.#timer = setInterval(() => {
      this.#listen()
      void this.flush()
    }, LOOK_MS)
    this.#listen()
  }

  /** Offers can be judged only once the miner is known; until then they wait in the queue. */
  #listen(): void {
    if (this.#listening || this.#stopped || this.o.tools() === undefined) return
    this.#listening = true
    this.o.queues.work(homeward, async (job) => {
      const tools = this.o.tools()
      if (!tools || JSON.stringify(job).length > crossingJobMaxBytes) return
      try {
        const { dealUuid } = await takeHomeward(job, tools)
        if (dealUuid !== undefined) this.o.arrived(dealUuid)
        void this.flush()
      } catch (error) {
        this.o.log.warn('homeward job refused', { subject: job.subject, remedy: remedyOf(error), error })
      }
    })
  }

  /** Sends what waits in the outbox. */
  flush(): Promise<void> {
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  async #send(): Promise<void> {
    if (this.#stopped) return
    try {
      const waiting = await this.o.outbox.unacknowledged(this.o.now(), 200)
      if (waiting.length === 0) return
      await this.o.queues.addBulk(
        outward,
        waiting.map((message) => ({
          sender: message.sender,
          subject: message.subject,
          sequence: message.sequence,
          tries: message.tries,
          message: message.snapshot as OutwardMessage,
        })),
      )
      const isAnswer = (message: (typeof waiting)[number]) =>
        (message.snapshot as OutwardMessage).kind === 'acknowledgements'
      await this.o.outbox.sent(
        waiting.filter((message) => !isAnswer(message)),
        this.o.now(),
      )
      // An acknowledgement needs none itself: if it is lost, the other side sends its message again and we answer again.
      for (const { sender, subject, sequence } of waiting.filter(isAnswer)) {
        await this.o.outbox.acknowledge(sender, subject, sequence)
      }
    } catch (error) {
      this.o.log.debug('outbox waits', { error })
    }
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }
}
