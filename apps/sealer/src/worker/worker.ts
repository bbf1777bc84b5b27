import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import {
  createQueues,
  type Health,
  HostError,
  halt,
  type Identity,
  type Log,
  liveIdentity,
  mkdirDurable,
  type Queues,
  type Repeated,
  remedyOf,
  repeatedly,
  tlsOptions,
} from '@sealane/host'
import {
  createProver,
  defaultPermitDir,
  devnetKeySet,
  type KeySet,
  openKeySet,
  type Prover,
} from '@sealane/proofs'
import { type HeldLock, holdLock } from '@sealane/sql'
import type { WorkerConfig } from '../config.js'
import { type Employer, employerOf } from './employer.js'
import { Employment } from './employment.js'
import { openStorage } from './open-storage.js'
import { prepareParameters } from './prepare-parameters.js'
import { type EmployerRole, Results } from './results.js'
import { retireScratch } from './scratch.js'
import { Space } from './space.js'
import { requireMounted, type StoragePath } from './storage-path.js'
import { takeProving, takeSealing } from './take-work.js'
import { type WorkRequest, workClaim } from './work-claim.js'

/** Handlers that still run when we stop have this long to release their claims. Unit: ms. */
const STOP_GRACE_MS = 4_000
/** Storage paths are looked at this often while nothing runs there. Unit: ms. */
const MOUNT_LOOK_MS = 30_000

/** What is opened before anything runs. */
interface Opened {
  lock: HeldLock
  tls: Identity
  storage: StoragePath[]
  keySet: KeySet
  prover: Prover
}

/** All that `sealer worker` is, once started. It keeps no database: claims and files are all its state. */
export class Worker {
  readonly #abort = new AbortController()
  readonly #workerId: string
  readonly #queues: Queues
  readonly #results: Results
  readonly #space = new Space()
  readonly #running = new Set<Promise<unknown>>()
  readonly #employments = new Map<EmployerRole, Employment>()
  readonly #mounts: Repeated
  #doing = { stage: '', fraction: 0 }

  private constructor(
    private readonly config: WorkerConfig,
    private readonly opened: Opened,
    private readonly log: Log,
    private readonly health: Health,
  ) {
    const { paths, worker, home } = config
    this.#workerId = `${hostname()}-${worker.name}`.replace(/[^A-Za-z0-9._-]/g, '-')
    this.#results = new Results(paths.state_dir)
    const tls = tlsOptions(opened.tls)
    this.#queues = createQueues({
      url: home.redis_url,
      name: 'home',
      tls,
      tlsRequired: config.tls.required,
      lockMs: config.queues.lock,
      log,
      health,
    })
    this.#mounts = repeatedly({
      name: 'storage paths',
      everyMs: MOUNT_LOOK_MS,
      run: () => this.#requireMounted(),
      log,
      lamp: health.room('storage'),
    })
  }

  /** Opens storage and keys (`halt` when they are not what they should be), then seeks work. */
  static async start(config: WorkerConfig, log: Log, health: Health): Promise<Worker> {
    const worker = new Worker(config, await open(config, log, health), log, health)
    const session = randomUUID()
    worker.#seek('sealer', session)
    if (config.worker.tasks.includes('post')) worker.#seek('miner', session)
    return worker
  }

  /** Children are killed, claims released; ≤ 10 s, whoever else is gone. */
  async stop(): Promise<void> {
    this.#abort.abort()
    await Promise.all([this.#queues.close(), this.#mounts.close()])
    let timer: NodeJS.Timeout | undefined
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, STOP_GRACE_MS)
    })
    await Promise.race([Promise.allSettled(this.#running), late])
    clearTimeout(timer)
    this.opened.lock.release()
  }

  #seek(role: EmployerRole, session: string): void {
    const { config, opened, log, health } = this
    const employer = employerOf(role, config, opened.tls)
    const employment = new Employment({
      workerId: this.#workerId,
      session,
      config,
      employer,
      storage: opened.storage,
      keySet: opened.keySet,
      results: this.#results,
      hired: (heartbeatMs, sectorSizeBytes) => this.#take(employer, heartbeatMs, sectorSizeBytes),
      doing: () => this.#doing,
      lamp: health.room(role),
      log,
      signal: this.#abort.signal,
    })
    this.#employments.set(role, employment)
    void employment.serve()
  }

  #take(employer: Employer, heartbeatMs: number, sectorSizeBytes: number): void {
    const { config, log } = this
    const { storage, keySet } = this.opened
    const options = {
      config,
      queues: this.#queues,
      storage,
      space: this.#space,
      work: (request: WorkRequest) => this.#claim(employer, request, heartbeatMs),
    }
    if (employer.role === 'miner') takeProving(options)
    else {
      // The miner asks the path that holds a sector for its WindowPoSt: it must know where files lie.
      takeSealing({ ...options, filesMoved: () => this.#employments.get('miner')?.changed() })
      const tell = (doing: { stage: string; fraction: number }) => {
        this.#doing = doing
      }
      void prepareParameters({ config, keySet, sectorSizeBytes, tell, log, signal: this.#abort.signal })
    }
    const paths = storage.map((path) => path.path)
    log.info('taking work', { of: employer.role, tasks: config.worker.tasks, storage: paths })
  }

  async #claim(employer: Employer, request: WorkRequest, heartbeatMs: number): Promise<boolean> {
    const { signal } = this.#abort
    if (signal.aborted) return false
    const { prover, storage, tls } = this.opened
    const running = workClaim(request, {
      workerId: this.#workerId,
      employer,
      tls,
      prover,
      storage,
      stateDir: this.config.paths.state_dir,
      results: this.#results,
      space: this.#space,
      heartbeatMs,
      claimLost: () => this.#employments.get(employer.role)?.changed(),
      log: this.log,
      signal,
    }).catch((error: unknown) => {
      if (signal.aborted) return false
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

  async #requireMounted(): Promise<void> {
    for (const storage of this.opened.storage) {
      await requireMounted(storage).catch((error: unknown) => {
        if (remedyOf(error) === 'halt') halt(error)
        throw error
      })
    }
  }
}

async function open(config: WorkerConfig, log: Log, health: Health): Promise<Opened> {
  const { paths, worker, tls } = config
  const bound = worker.tasks.filter((task) => task !== 'commit')
  if (worker.storage.length === 0 && bound.length > 0) {
    throw new HostError(
      { code: 'CONFIG', where: 'worker.storage', reason: 'no storage path' },
      `tasks ${bound.join(', ')} need a storage path: add --storage PATH, or run --tasks commit only`,
    )
  }
  const identity = liveIdentity(tls.dir, 'worker', { health, log })
  // Others put their operator sockets there, and refuse a folder that is open to everybody.
  await mkdirDurable(paths.runtime_dir, 0o700)
  const lock = holdLock(join(paths.runtime_dir, `worker-${worker.name}.lock`))
  try {
    const storage = await openStorage(worker.storage, paths.state_dir)
    await retireScratch(paths.state_dir).catch((error: unknown) =>
      log.warn('scratch of an earlier process not moved', { error }),
    )
    const { params_dir: paramsDir } = config.proofs
    const keySet = paramsDir === undefined ? devnetKeySet() : openKeySet(paramsDir)
    const permitDir = defaultPermitDir()
    const prover = createProver({
      kind: worker.prover,
      keySet,
      parentCacheDir: paths.parent_cache || join(dirname(permitDir), 'parents'),
      permitDir,
    })
    return { lock, tls: identity, storage, keySet, prover }
  } catch (error) {
    lock.release()
    throw error
  }
}
