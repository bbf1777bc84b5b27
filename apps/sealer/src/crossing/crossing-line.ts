import { codeOf, type Log, type Queues, remedyOf } from '@sealane/host'
import { homeward, outward } from '@sealane/jobs'
import type { Outbox, OutboxMessage } from '@sealane/sql'
import { type HomewardTools, takeHomeward } from './take-homeward.js'

/** How often waiting messages are looked for; fresh ones are sent at once by `flush`. Unit: ms. */
const LOOK_MS = 250
/** Refused jobs of a kind that a minute's log names one by one; whoever owns the crossing can send them without end. */
const NAMED_A_MINUTE = 60
const MINUTE_MS = 60_000
/** Messages sent in one go. */
const AT_ONCE = 200

/** Both ways of the crossing as home sees it: takes homeward jobs, sends the outbox outward until it is acknowledged. */
export class CrossingLine {
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #stopped = false
  #listening = false
  /** By error code, so that a flood of one kind does not hide another. */
  #refused = { minute: 0, counts: new Map<string, number>() }

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
      if (!tools) return
      try {
        const { dealUuid } = await takeHomeward(job, tools)
        if (dealUuid !== undefined) this.o.arrived(dealUuid)
        void this.flush()
      } catch (error) {
        this.#logRefused(job.subject, error)
      }
    })
  }

  #logRefused(subject: string, error: unknown): void {
    const minute = Math.floor(this.o.now() / MINUTE_MS)
    if (minute !== this.#refused.minute) {
      for (const [code, count] of this.#refused.counts)
        if (count > NAMED_A_MINUTE)
          this.o.log.warn('more homeward jobs refused', { code, count: count - NAMED_A_MINUTE })
      this.#refused = { minute, counts: new Map() }
    }
    const code = codeOf(error)
    const count = (this.#refused.counts.get(code) ?? 0) + 1
    this.#refused.counts.set(code, count)
    if (count <= NAMED_A_MINUTE)
      this.o.log.warn('homeward job refused', { subject, remedy: remedyOf(error), error })
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
    const { outbox, queues, now, log } = this.o
    try {
      const waiting = await outbox.unacknowledged(now(), AT_ONCE)
      if (waiting.length === 0) return
      await queues.addBulk(
        outward,
        waiting.flatMap((message) => this.#parsed(message) ?? []),
      )
      // An acknowledgement needs none itself: if it is lost, the other side sends its message again and we answer again.
      const answers = waiting.filter(isAnswer)
      await outbox.sent(
        waiting.filter((message) => !isAnswer(message)),
        now(),
      )
      for (const { sender, subject, sequence } of answers) await outbox.acknowledge(sender, subject, sequence)
    } catch (error) {
      log.debug('outbox waits', { error })
    }
  }

  /** A message that is not of its kind is a bug of ours: it must not keep the others from going. */
  #parsed({ sender, subject, sequence, tries, snapshot }: OutboxMessage) {
    const parsed = outward.payload.safeParse({ sender, subject, sequence, tries, message: snapshot })
    if (parsed.success) return parsed.data
    this.o.log.error('outward message not sent: not of its kind', { subject, error: parsed.error })
    return undefined
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
  }
}

function isAnswer({ snapshot }: OutboxMessage): boolean {
  return (snapshot as { kind?: unknown }).kind === 'acknowledgements'
}
