import {
  type BackendFactory,
  type IQueueBackend,
  type Job,
  type Processor,
  Worker,
  type WorkerOptions,
} from 'bullmq'

/** How long a fetch waits for a job; measures silence too. Unit: s. Source: BullMQ's default drainDelay. */
export const BLOCK_SECONDS = 5

/**
 * A BullMQ worker that says when it last asked for a job. After a Redis restart a worker can stay connected and
 * yet never fetch again (bullmq#648, #2466, #2964, #3185): only silence tells.
 */
export class WatchedWorker<Backend extends IQueueBackend, Connection> extends Worker<
  unknown,
  void,
  string,
  Backend,
  object,
  Connection
> {
  #fetchedAtMs = performance.now()

  constructor(
    name: string,
    run: Processor<unknown, void, string, object>,
    options: WorkerOptions<NoInfer<Connection>>,
    backend: BackendFactory<Backend, Connection>,
  ) {
    super(name, run, options, backend)
  }

  override moveToActive(token: string, name?: string): Promise<Job<unknown, void, string, object>> {
    this.#fetchedAtMs = performance.now()
    return super.moveToActive(token, name)
  }

  /** PostgreSQL's backend would wait for an hour for a far-off delayed job: then silence would tell nothing. Unit: s. */
  override get maximumBlockTimeout(): number {
    return Math.min(super.maximumBlockTimeout, BLOCK_SECONDS)
  }

  /** Time since the last fetch; a worker busy to its concurrency does not fetch. Unit: ms. */
  get silentMs(): number {
    return performance.now() - this.#fetchedAtMs
  }
}
