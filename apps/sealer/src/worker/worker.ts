import { hostname } from 'node:os'
import { join } from 'node:path'
import {
  createQueues,
  grpcChannel,
  grpcClient,
  type Health,
  HostError,
  halt,
  type Identity,
  type Log,
  loadIdentity,
  type Queues,
  remedyOf,
  tlsOptions,
} from '@sealane/host'
import {
  postSnark,
  postVanilla,
  sealCommit1,
  sealCommit2,
  sealFinalize,
  sealPreCommit1,
  sealPreCommit2,
  sealUnseal,
} from '@sealane/jobs'
import { createProver, defaultPermitDir, devnetKeySet, ensureParameters, type Prover } from '@sealane/proofs'
import { workV1 } from '@sealane/proto'
import type { WorkerConfig } from '../config.js'
import { version } from '../version.js'
import { describePath, openStoragePath, type StoragePath } from './storage-path.js'
import { type Employer, type WorkClaimOptions, workClaim } from './work-claim.js'

/** Wait before an employer that did not answer is asked again. Unit: ms. */
const REGISTER_AGAIN_MS = 1_000
/** Handlers that still run when we stop have this long to release their claims. Unit: ms. */
const STOP_GRACE_MS = 4_000

/** All that `sealer worker` is, once started. It keeps no database: claims and files are all its state. */
export class Worker {
  readonly #abort = new AbortController()
  readonly #workerId: string
  #minerId: number | undefined

  private constructor(
    private readonly config: WorkerConfig,
    private readonly storage: StoragePath[],
    private readonly tls: Identity,
    private readonly prover: Prover,
    private readonly queues: Queues,
    private readonly employers: { sealer: Employer; miner: Employer },
    private readonly log: Log,
    private readonly health: Health,
  ) {
    this.#workerId = `${hostname()}-${config.worker.name}`.replace(/[^A-Za-z0-9._-]/g, '-')
  }

  static async start(config: WorkerConfig, log: Log, health: Health): Promise<Worker> {
    const tls = loadIdentity(config.tls.dir, 'worker')
    const storage = await Promise.all(config.worker.storage.map(openStoragePath))
    const bound = config.worker.tasks.filter((task) => task !== 'commit')
    if (storage.length === 0 && bound.length > 0) {
      throw new HostError(
        { code: 'CONFIG', where: 'worker.storage', reason: 'no storage path' },
        `tasks ${bound.join(', ')} need a storage path: add --storage PATH, or run --tasks commit only`,
      )
    }
    const prover = createProver({
      kind: config.worker.prover,
      keySet: devnetKeySet(),
      parentCacheDir: join(config.paths.state_dir, 'parents'),
      permitDir: defaultPermitDir(),
    })
    const queues = createQueues({
      url: config.home.redis_url,
      name: 'home',
      tls: tlsOptions(tls),
      log,
      health,
    })
    const employer = (role: 'sealer' | 'miner'): Employer => ({
      role,
      work: grpcClient(workV1.WorkServiceDefinition, grpcChannel({ address: config[role].grpc, tls, role })),
      hubUrl: config[role].hub,
    })
    const employers = { sealer: employer('sealer'), miner: employer('miner') }
    const worker = new Worker(config, storage, tls, prover, queues, employers, log, health)
    void worker.#serve('sealer')
    if (config.worker.tasks.includes('post')) void worker.#serve('miner')
    return worker
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.queues.close()
    await new Promise((resolve) => setTimeout(resolve, this.#running.size === 0 ? 0 : 100))
    await Promise.race([
      Promise.allSettled(this.#running),
      new Promise((resolve) => setTimeout(resolve, STOP_GRACE_MS)),
    ])
  }

  readonly #running = new Set<Promise<unknown>>()
  #preparing = { stage: '', fraction: 0 }

  /**
   * Makes the proof parameters of the network's sector size while there is nothing to prove yet: WindowPoSt's first, they are small.
   * May fail: disk full. Then: the task that needs them tries again and says so.
   */
  async #prepareParameters(sectorSizeBytes: number): Promise<void> {
    if (this.prover.kind !== 'real') return
    const { signal } = this.#abort
    const wanted = [
      ...(this.config.worker.tasks.includes('post') ? (['window'] as const) : []),
      ...(this.config.worker.tasks.includes('commit') ? (['porep'] as const) : []),
    ]
    try {
      for (const which of wanted) {
        await ensureParameters(devnetKeySet(), which, BigInt(sectorSizeBytes), {
          signal,
          onProgress: ({ stage, fraction }) => {
            this.#preparing = { stage, fraction: fraction ?? 0 }
          },
        })
      }
    } catch (error) {
      if (!signal.aborted) this.log.warn('proof parameters not made yet', { error })
    } finally {
      this.#preparing = { stage: '', fraction: 0 }
    }
  }

  /** Registers, takes work, and keeps saying that it lives; again and again when the employer restarts. */
  async #serve(role: 'sealer' | 'miner'): Promise<void> {
    const { signal } = this.#abort
    const lamp = this.health.room(role)
    let heartbeatMs: number | undefined
    while (!signal.aborted) {
      try {
        if (heartbeatMs === undefined) {
          heartbeatMs = await this.#register(role)
          if (heartbeatMs !== undefined) {
            lamp.green()
            this.#work(role, heartbeatMs)
          } else lamp.red(`the ${role} app does not know its miner yet`)
        } else {
          const { valid } = await this.employers[role].work.heartbeat(
            { workerId: this.#workerId, claimId: '', paths: [], ...this.#preparing },
            { signal },
          )
          lamp.green()
          if (!valid) heartbeatMs = undefined
        }
      } catch (error) {
        if (signal.aborted) return
        if (remedyOf(error) === 'halt') halt(error)
        lamp.red(`the ${role} app does not answer`)
        heartbeatMs = undefined
      }
      await pause(heartbeatMs ?? REGISTER_AGAIN_MS, signal)
    }
  }

  async #register(role: 'sealer' | 'miner'): Promise<number | undefined> {
    const minerId = this.#minerId ?? 0
    const answer = await this.employers[role].work.register(
      {
        workerId: this.#workerId,
        hostname: hostname(),
        version,
        tasks: this.config.worker.tasks,
        concurrency: { ...this.config.concurrency },
        paths: await Promise.all(this.storage.map((path) => describePath(path, minerId))),
        prover: this.config.worker.prover,
      },
      { signal: this.#abort.signal },
    )
    if (answer.refusal !== '') {
      throw new HostError(
        { code: 'CONFIG', where: role, reason: answer.refusal },
        `the ${role} app refuses this worker: ${answer.refusal}`,
      )
    }
    if (answer.miner === '') return undefined
    const digest = devnetKeySet().digest
    if (answer.keySetDigest !== '' && answer.keySetDigest !== digest) {
      const reason = `network ${answer.networkName} commits to other proof keys than this worker has`
      throw new HostError(
        { code: 'CONFIG', where: 'proof keys', reason },
        `${reason}: install the same version everywhere`,
      )
    }
    const learned = Number(answer.miner.slice(2))
    if (this.#minerId !== learned) {
      this.#minerId = learned
      // Now the files' names are known: tell what lies on our paths.
      if (answer.sectorSize > 0) void this.#prepareParameters(answer.sectorSize)
      return await this.#register(role)
    }
    return answer.heartbeatMs
  }

  readonly #serving = new Set<string>()

  /** Opens the queues of the tasks it does; once per employer. */
  #work(role: 'sealer' | 'miner', heartbeatMs: number): void {
    if (this.#serving.has(role)) return
    this.#serving.add(role)
    const { tasks } = this.config.worker
    const has = (task: (typeof tasks)[number]) => tasks.includes(task)
    const { concurrency } = this.config
    const ids = this.storage.map((path) => path.id)
    const seal =
      (task: string, storageIds: string[], after = false) =>
      async ({ sectorNumber, turn }: { sectorNumber: number; turn: number }) => {
        const done = await this.#claim(
          'sealer',
          { task, row: String(sectorNumber), turn, storageIds },
          heartbeatMs,
        )
        // The miner asks the path that holds a sector for its WindowPoSt: tell it where files now lie.
        if (done && after && has('post')) await this.#register('miner').catch(() => undefined)
      }
    const post =
      (task: string, storageIds: string[]) =>
      async (job: { periodStart: number; deadline: number; partition: number; turn: number }) => {
        const row = `${job.periodStart}/${job.deadline}/${job.partition}`
        await this.#claim('miner', { task, row, turn: job.turn, storageIds }, heartbeatMs)
      }
    if (role === 'sealer') {
      const sealing = this.storage.filter((path) => path.canSeal).map((path) => path.id)
      if (has('pc1')) this.queues.work(sealPreCommit1, seal('pc1', sealing), { concurrency: concurrency.pc1 })
      if (has('commit')) this.queues.work(sealCommit2, seal('c2', []), { concurrency: concurrency.commit })
      for (const id of ids) {
        if (has('pc2'))
          this.queues.work(sealPreCommit2(id), seal('pc2', [id]), { concurrency: concurrency.pc2 })
        if (has('commit'))
          this.queues.work(sealCommit1(id), seal('c1', [id], true), { concurrency: concurrency.commit })
        if (has('finalize')) {
          this.queues.work(sealFinalize(id), seal('finalize', [id], true), {
            concurrency: concurrency.finalize,
          })
          this.queues.work(sealUnseal(id), seal('unseal', [id]), { concurrency: 1 })
        }
      }
    } else {
      this.queues.work(postSnark, post('post.snark', []), { concurrency: concurrency.post })
      for (const id of ids)
        this.queues.work(postVanilla(id), post('post.vanilla', [id]), { concurrency: concurrency.post })
    }
    this.log.info('taking work', { of: role, tasks, storage: ids })
  }

  async #claim(
    role: 'sealer' | 'miner',
    request: { task: string; row: string; turn: number; storageIds: string[] },
    heartbeatMs: number,
  ): Promise<boolean> {
    if (this.#abort.signal.aborted) return false
    const options: WorkClaimOptions = {
      workerId: this.#workerId,
      employer: this.employers[role],
      tls: this.tls,
      prover: this.prover,
      storage: this.storage,
      stateDir: this.config.paths.state_dir,
      heartbeatMs,
      log: this.log,
      signal: this.#abort.signal,
    }
    const running = workClaim(request, options).catch((error: unknown) => {
      if (this.#abort.signal.aborted) return false
      if (remedyOf(error) === 'halt') halt(error)
      this.log.warn('claim not worked', { ...request, error })
      return false
    })
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
