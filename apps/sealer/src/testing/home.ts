import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Address } from '@sealane/actors'
import {
  createAuthority,
  createQueues,
  freePort,
  Health,
  issueCertificate,
  loadIdentity,
  operatorClient,
  type Queues,
  serveFiles,
  silentLog,
} from '@sealane/host'
import { homeward, type OutwardMessage, outward } from '@sealane/jobs'
import { sealerOperator } from '@sealane/proto'
import type { SealerSettings, WorkerConfig } from '../config.js'
import { Coordinator } from '../coordinator/coordinator.js'
import { Worker } from '../worker/worker.js'
import { type OfferTerms, offerDeal } from './offer-deal.js'
import { ScriptedMiner } from './scripted-miner.js'

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const minerAddress = 'f01000' as Address

/** A process of this app, started as an operator starts it. */
export interface AppProcess {
  readonly pid: number
  /** Everything it has written: JSON log lines, and the plain line it ended with. */
  log(): string
  signal(signal: NodeJS.Signals): void
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>
  /** The exit code, or the signal's name. */
  readonly ended: Promise<number | string>
}

/** Home with a scripted miner and a provider's piece server: coordinators and workers come and go, in this process or as their own. */
export class Home {
  readonly outward: OutwardMessage[] = []
  readonly operator
  readonly settings: SealerSettings
  abroad: Queues
  #sequence = 0
  #piecesDir: string
  readonly #tls: string
  readonly #closers: (() => unknown)[] = []
  readonly #processes = new Set<AppProcess>()

  private constructor(
    readonly dir: string,
    readonly miner: ScriptedMiner,
    o: { redisUrl: string; minerPort: number; piecesPort: number; grpcPort: number; hubPort: number },
  ) {
    this.#tls = join(dir, 'tls')
    this.#piecesDir = join(dir, 'abroad')
    const runtimeDir = join(dir, 'run')
    this.operator = operatorClient(sealerOperator, { socketPath: join(runtimeDir, 'sealer.sock') })
    this.settings = {
      paths: { state_dir: join(dir, 'sealer'), runtime_dir: runtimeDir },
      log: { level: 'info' },
      tls: { dir: this.#tls, required: true },
      crossing: { redis_url: o.redisUrl },
      home: { redis_url: `${o.redisUrl}&db=1` },
      queues: { lock: 30_000 },
      miner: { grpc: `127.0.0.1:${o.minerPort}` },
      provider: { pieces_url: `https://127.0.0.1:${o.piecesPort}` },
      grpc: { listen: `127.0.0.1:${o.grpcPort}` },
      hub: { listen: `127.0.0.1:${o.hubPort}` },
      proofs: {},
      work: { lease: 2_000, requeue_after: 500 },
      intake: { daily_offers: 20_000 },
      limits: { enable_deal_sector: true, deal_concurrent: 1, total_num: 0, wait_deals: 100 },
      flaggedLimits: [],
    }
    this.abroad = createQueues({ url: o.redisUrl })
    this.abroad.work(outward, async ({ message }) => void this.outward.push(message))
  }

  static async open(dir: string, redisUrl: string, work: { leaseMs?: number } = {}): Promise<Home> {
    const tls = join(dir, 'tls')
    await createAuthority(tls)
    for (const role of ['provider', 'sealer', 'worker', 'miner']) await issueCertificate(tls, { role })
    const piecesDir = join(dir, 'abroad')
    mkdirSync(piecesDir)
    const pieces = await serveFiles({
      host: '127.0.0.1',
      port: 0,
      tls: loadIdentity(tls, 'provider'),
      roles: ['sealer'],
      find: async (path) => join(piecesDir, path.split('/')[2] ?? ''),
    })
    const ports = { grpcPort: await freePort(), hubPort: await freePort() }
    const miner = new ScriptedMiner(minerAddress, 2048)
    const grpc = await ScriptedMiner.serve(miner, loadIdentity(tls, 'miner'))
    const home = new Home(dir, miner, { redisUrl, minerPort: grpc.port, piecesPort: pieces.port, ...ports })
    if (work.leaseMs !== undefined) home.settings.work.lease = work.leaseMs
    home.#closers.push(
      () => grpc.close(),
      () => pieces.close(),
    )
    return home
  }

  /** Ends what is left of it. */
  async close(): Promise<void> {
    await Promise.all([...this.#processes].map((process) => process.kill()))
    await this.abroad.close()
    for (const close of this.#closers) await close()
  }

  /** A coordinator in this process. */
  async startCoordinator(changes: Partial<SealerSettings['limits']> = {}): Promise<Coordinator> {
    Object.assign(this.settings.limits, changes)
    return await Coordinator.start(this.settings, silentLog(), new Health())
  }

  /** A worker in this process; its storage path is `storage-<name>`. */
  async startWorker(name: string, changes: Partial<WorkerConfig['worker']> = {}): Promise<Worker> {
    return await Worker.start(this.workerConfig(name, changes), silentLog(), new Health())
  }

  workerConfig(name: string, changes: Partial<WorkerConfig['worker']> = {}): WorkerConfig {
    const { paths, log, tls, home, queues, grpc, hub } = this.settings
    const storage = join(this.dir, `storage-${name}`)
    mkdirSync(storage, { recursive: true })
    return {
      paths: { ...paths, state_dir: join(this.dir, name), parent_cache: '' },
      log,
      tls,
      worker: {
        name,
        tasks: ['pc1', 'pc2', 'commit', 'finalize'],
        storage: [storage],
        prover: 'trapdoor',
        ...changes,
      },
      concurrency: { pc1: 1, pc2: 1, commit: 1, finalize: 2, post: 2 },
      proofs: {},
      home,
      queues,
      sealer: { grpc: grpc.listen, hub: `https://${hub.listen}` },
      miner: { grpc: '127.0.0.1:1', hub: 'https://127.0.0.1:1' },
    }
  }

  /** `sealane-sealer run`, as a process of its own. */
  spawnCoordinator(flags: readonly string[] = []): AppProcess {
    const { flaggedLimits: _, ...config } = this.settings
    return this.spawn('run', 'sealer', config, flags)
  }

  /** `sealane-sealer worker`, as a process of its own. */
  spawnWorker(
    name: string,
    changes: Partial<WorkerConfig['worker']> = {},
    flags: readonly string[] = [],
  ): AppProcess {
    return this.spawn('worker', name, this.workerConfig(name, changes), flags)
  }

  spawn(command: string, name: string, config: object, flags: readonly string[] = []): AppProcess {
    const file = join(this.dir, `${name}.toml`)
    writeFileSync(file, toml(config))
    const logFile = join(this.dir, `${name}.log`)
    const output = openSync(logFile, 'a')
    const child = spawn(process.execPath, [main, command, '--config', file, ...flags], {
      stdio: ['ignore', output, output],
    })
    const started = new Started(child, logFile)
    this.#processes.add(started)
    void started.ended.then(() => this.#processes.delete(started))
    return started
  }

  /** Puts a deal's bytes where the provider serves them and offers the deal. Returns its uuid. */
  async offer(terms: OfferTerms = {}): Promise<string> {
    this.#sequence += 1
    const bytes = terms.bytes ?? new Uint8Array(randomBytes(2000))
    const job = offerDeal(bytes, minerAddress, this.#sequence, terms)
    if (job.message.kind !== 'dealOffered') throw new TypeError('not an offer')
    writeFileSync(join(this.#piecesDir, job.message.pieceCid), bytes)
    await this.abroad.add(homeward, job)
    return job.message.dealUuid
  }
}

class Started implements AppProcess {
  readonly pid: number
  readonly ended: Promise<number | string>

  constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
  ) {
    if (child.pid === undefined) throw new Error(`not started: ${main}`)
    this.pid = child.pid
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'gone'))
    })
  }

  log(): string {
    return readFileSync(this.logFile, 'utf8')
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill('SIGKILL')
    await this.ended
  }
}

/** Durations are numbers of ms in parsed settings, text in files. */
function toml(config: object): string {
  return Object.entries(config as Record<string, Record<string, unknown>>)
    .map(([section, values]) => {
      const lines = Object.entries(values).map(([key, value]) => {
        const isDuration = ['lease', 'requeue_after', 'wait_deals', 'lock'].includes(key)
        return `${key} = ${JSON.stringify(isDuration ? `${value}ms` : value)}`
      })
      return `[${section}]\n${lines.join('\n')}\n`
    })
    .join('\n')
}
