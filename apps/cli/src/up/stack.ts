import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createAuthority, freePort, issueCertificate, writeFileDurable } from '@sealane/host'
import type { CliError } from '../cli-error.js'
import type { RunState } from '../connect/run-state.js'
import { runStatePath } from '../connect/run-state.js'
import { readStateFile } from '../connect/state-file.js'
import { cacheDir } from '../doctor/machine-checks.js'
import {
  type Config,
  devnetConfig,
  minerConfig,
  type Ports,
  portsFile,
  providerConfig,
  sealerConfig,
  type Wiring,
  workerConfig,
  writeConfig,
} from './configs.js'
import { keepQueues, type QueueServer } from './redis-keeper.js'
import { Service } from './service.js'
import type { Places } from './state-dir.js'
import type { Teller } from './teller.js'
import type { UpOptions } from './up-options.js'

const roles = ['provider', 'sealer', 'worker', 'miner', 'operator'] as const
/** A smaller young generation: what starting leaves behind does not stay resident. Unit of V8's: MiB; its default is 16. */
const lean = ['--max-semi-space-size=4']
const appsDir = fileURLToPath(new URL('../../../', import.meta.url))

/** A chain that this run did not start. */
export interface OutsideChain {
  /** FULLNODE_API_INFO with a token that may send. */
  nodes: string
  readOnlyNodes: string
  paramsDir: string
}

/** All processes of one run, under one hand. */
export class Stack {
  readonly #services: Service[] = []
  #queues: QueueServer | undefined

  constructor(
    readonly places: Places,
    private readonly options: UpOptions,
    private readonly teller: Teller,
    private readonly died: (error: CliError) => void,
    /** Undefined: the embedded devnet, started with the rest. */
    private readonly outside: OutsideChain | undefined,
  ) {
    // An end that nobody planned (an exception, a reader of our output that has gone) leaves no process behind either.
    process.once('exit', () => this.#abandon())
  }

  /** Starts everything but what needs the miner actor; returns the wiring for the rest. */
  async start(sectorSize: number, fundAddresses: string[], signal: AbortSignal): Promise<Wiring> {
    const { places, teller } = this
    for (const dir of [places.home, places.state, places.log, places.runtime])
      mkdirSync(dir, { recursive: true, mode: 0o700 })
    await createAuthority(places.tls)
    for (const role of roles) {
      if (!existsSync(join(places.tls, `${role}.crt`))) await issueCertificate(places.tls, { role })
    }
    const ports = await keptPorts(places)
    if (!this.outside) await this.#run('devnet', ['run'], devnetConfig(places, ports))
    this.#queues = await keepQueues(places, {
      env: process.env,
      died: (how) =>
        teller.tell({ event: 'restarted', service: 'redis', how }, `redis died (${how}), started again`),
      notice: (line) => teller.tell({ event: 'notice', text: line }, line),
    })
    const devnetDir = join(places.state, 'devnet')
    const wiring: Wiring = {
      chainAdmin: this.outside?.nodes ?? (await this.#chain(devnetDir, 'token', signal)),
      chainReadOnly: this.outside?.readOnlyNodes ?? (await this.#chain(devnetDir, 'token-read', signal)),
      crossingRedis: this.#queues.crossing,
      homeRedis: this.#queues.home,
      ports,
      prover: this.options.prover,
      dealConcurrent: this.options.dealConcurrent,
      paramsDir: this.outside?.paramsDir,
      outside: this.outside !== undefined,
      fundAddresses,
    }
    await this.#run('miner', ['run'], minerConfig(places, wiring))
    await this.#run('sealer', ['run'], sealerConfig(places, wiring))
    for (let index = 1; index <= this.options.workers; index += 1) {
      mkdirSync(join(places.state, `storage-${index}`), { recursive: true, mode: 0o700 })
      await this.#run(`worker-${index}`, ['worker'], workerConfig(places, wiring, index))
    }
    await this.#run('provider', ['run'], providerConfig(places, wiring))
    const state: RunState = {
      pid: process.pid,
      runtimeDir: places.runtime,
      stateDir: places.state,
      chain: wiring.chainAdmin,
      prover: this.options.prover,
      sectorSize,
    }
    await writeFileDurable(runStatePath(places.home), `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
    return wiring
  }

  /** Apps first, then the chain, then the queues. */
  async stop(): Promise<void> {
    const chain = this.#services.filter((service) => service.o.name === 'devnet')
    const apps = this.#services.filter((service) => service.o.name !== 'devnet')
    await Promise.all(apps.map((service) => service.stop()))
    await Promise.all(chain.map((service) => service.stop()))
    await this.#queues?.stop()
    this.#queues = undefined
  }

  #abandon(): void {
    for (const service of this.#services) service.abandon()
    try {
      this.#queues?.abandon()
    } catch {} // gone already
  }

  pids(): Record<string, number | undefined> {
    return Object.fromEntries(this.#services.map((service) => [service.o.name, service.pid]))
  }

  lastLine(name: string): string {
    return this.#service(name).lastLine()
  }

  #service(name: string): Service {
    const found = this.#services.find((service) => service.o.name === name)
    if (!found) throw new TypeError(`no service ${name}`)
    return found
  }

  async #run(name: string, args: readonly string[], config: Config): Promise<void> {
    const { places, teller } = this
    const file = await writeConfig(places, name, config)
    const app = name.startsWith('worker-') ? 'sealer' : name
    const service = new Service({
      name,
      command: process.execPath,
      args: [...lean, join(appsDir, app, 'dist/main.js'), ...args, '--config', file],
      env: { NODE_COMPILE_CACHE: join(cacheDir(process.env), 'compile'), ...process.env },
      logFile: join(places.log, `${name}.out.log`),
      pidFile: join(places.runtime, `${name}.pid`),
      mark: file,
      onRestart: (died, how) =>
        teller.tell({ event: 'restarted', service: died, how }, `${died} died (${how}), started again`),
      onDeath: this.died,
    })
    this.#services.push(service)
    await service.start()
    teller.tell({ event: 'service', service: name, state: 'started', pid: service.pid })
  }

  /** The devnet writes its address and tokens once it listens. */
  async #chain(dir: string, tokenFile: string, signal: AbortSignal): Promise<string> {
    for (;;) {
      const [api, token] = [join(dir, 'api'), join(dir, tokenFile)]
      if (existsSync(api) && existsSync(token)) {
        return `${readFileSync(token, 'utf8').trim()}:${readFileSync(api, 'utf8').trim()}`
      }
      await pause(50, undefined, { signal })
    }
  }
}

/** Ports are chosen once for a state: what the chain says of the provider's address must stay true. */
async function keptPorts(places: Places): Promise<Ports> {
  const file = join(places.home, 'ports.json')
  const kept = readStateFile(file, portsFile)
  if (kept !== undefined) return kept
  const ports: Ports = {
    devnet: await freePort(),
    minerGrpc: await freePort(),
    minerHub: await freePort(),
    sealerGrpc: await freePort(),
    sealerHub: await freePort(),
    providerPieces: await freePort(),
    providerLibp2p: await freePort(),
  }
  await writeFileDurable(file, `${JSON.stringify(ports, null, 2)}\n`)
  return ports
}
