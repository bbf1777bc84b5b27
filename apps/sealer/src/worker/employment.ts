import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { type HealthRoom, HostError, halt, type Log, remedyOf, trash } from '@sealane/host'
import type { KeySet } from '@sealane/proofs'
import type { workV1 } from '@sealane/proto'
import type { WorkerConfig } from '../config.js'
import { version } from '../version.js'
import { describePath } from './describe-path.js'
import type { Employer } from './employer.js'
import type { Results } from './results.js'
import { ClaimFiles } from './sector-files.js'
import type { StoragePath } from './storage-path.js'

/** Wait before an employer that did not answer is asked again. Unit: ms. */
const REGISTER_AGAIN_MS = 1_000
/** What a worker has (free space, sectors) is told anew at least this often. Unit: ms. */
const TELL_AGAIN_MS = 10 * 60_000

export interface EmploymentOptions {
  workerId: string
  /** New with each start of the process. */
  session: string
  config: WorkerConfig
  employer: Employer
  storage: readonly StoragePath[]
  keySet: KeySet
  results: Results
  /** Registered for the first time: the network's sector size is known, work may be taken. */
  hired: (heartbeatMs: number, sectorSizeBytes: number) => void
  /** What the worker does beside claims. */
  doing: () => { stage: string; fraction: number }
  lamp: HealthRoom
  log: Log
  signal: AbortSignal
}

/** Registers with an employer, keeps saying that the worker lives, and registers again when either has changed. */
export class Employment {
  #heartbeatMs: number | undefined
  #hired = false
  #toldMs = Number.NEGATIVE_INFINITY
  #minerId = 0

  constructor(private readonly o: EmploymentOptions) {}

  /** What lies on the paths has changed: tell it at the next beat. */
  changed(): void {
    this.#toldMs = Number.NEGATIVE_INFINITY
  }

  /** Until the signal aborts; across the employer's restarts. */
  async serve(): Promise<void> {
    const { signal, lamp, employer } = this.o
    while (!signal.aborted) {
      try {
        await this.#once()
      } catch (error) {
        if (signal.aborted) return
        if (remedyOf(error) === 'halt') return halt(error)
        lamp.red(
          `the ${employer.role} app does not answer: ${error instanceof Error ? error.message : String(error)}`,
        )
        this.#heartbeatMs = undefined
      }
      const waitMs = this.#heartbeatMs ?? REGISTER_AGAIN_MS
      await pause(waitMs, undefined, { signal }).catch(() => undefined)
    }
  }

  async #once(): Promise<void> {
    const { employer, lamp, signal, workerId, doing, hired } = this.o
    if (this.#heartbeatMs === undefined) await this.#reportLeftovers()
    if (this.#heartbeatMs === undefined || performance.now() - this.#toldMs > TELL_AGAIN_MS) {
      this.#toldMs = performance.now()
      const answer = await this.#register()
      if (answer === undefined) return lamp.red(`the ${employer.role} app does not know its miner yet`)
      this.#heartbeatMs = answer.heartbeatMs
      lamp.green()
      if (this.#hired) return
      this.#hired = true
      hired(answer.heartbeatMs, answer.sectorSize)
      return
    }
    const { valid } = await employer.work.heartbeat(
      { workerId, claimId: '', paths: [], ...doing() },
      { signal },
    )
    lamp.green()
    if (!valid) this.#heartbeatMs = undefined
  }

  /** First of all: what an earlier process made and could not report counts while its claim holds, and registering ends that. */
  async #reportLeftovers(): Promise<void> {
    if (this.#hired) return
    const { employer, results, log, signal } = this.o
    for (const result of await results.unreported(employer.role)) {
      const { accepted, reason } = await employer.work.complete(result, { signal })
      await results.forget(employer.role, result.claimId)
      const facts = { claim: result.claimId, result: result.result?.$case, reason }
      if (accepted) log.info('a result made before the restart was accepted', facts)
      else log.warn('a result made before the restart came too late', facts)
    }
  }

  async #register(): Promise<workV1.RegisterResponse | undefined> {
    const { workerId, session, config, employer, storage, signal } = this.o
    // Before the miner is known no file can be named. Its app must not hear that our paths are empty: it would believe that.
    const nameless = employer.role === 'miner' && this.#minerId === 0
    const told = nameless ? [] : storage
    const answer = await employer.work.register(
      {
        workerId,
        session,
        hostname: hostname(),
        version,
        tasks: config.worker.tasks,
        concurrency: { ...config.concurrency },
        paths: await Promise.all(told.map((path) => describePath(path, this.#minerId))),
        prover: config.worker.prover,
      },
      { signal },
    )
    this.#requireFit(answer)
    if (answer.miner === '') return undefined
    const minerId = Number(answer.miner.slice(2))
    await this.#retire(answer.retiredClaims)
    if (this.#minerId === minerId) return answer
    this.#minerId = minerId
    // Now the files' names are known: tell what lies on our paths.
    return await this.#register()
  }

  /** Throws HostError CONFIG (`halt`) when this worker's results could not be used. */
  #requireFit({ refusal, keySetDigest, networkName }: workV1.RegisterResponse): void {
    const { role } = this.o.employer
    if (refusal !== '') {
      throw new HostError(
        { code: 'CONFIG', where: role, reason: refusal },
        `the ${role} app refuses this worker: ${refusal}`,
      )
    }
    if (keySetDigest === '' || keySetDigest === this.o.keySet.digest) return
    const reason = `network ${networkName} commits to other proof keys than this worker has`
    throw new HostError(
      { code: 'CONFIG', where: 'proof keys', reason },
      `${reason}: install the same version everywhere`,
    )
  }

  /** Directories of claims that nobody needs any more. */
  async #retire(claimIds: readonly string[]): Promise<void> {
    for (const storage of this.o.storage) {
      for (const claimId of claimIds) {
        const { dir } = new ClaimFiles(storage, claimId)
        const gone = await trash(storage.path, dir, `claim ${claimId} is over`, new Date())
        if (gone !== undefined)
          this.o.log.info('left-over claim retired', { claim: claimId, path: storage.path })
      }
    }
  }
}
