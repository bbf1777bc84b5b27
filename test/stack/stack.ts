import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type Address, parseAddress } from '@sealane/actors'
import { type ChainPort, createChainClient, type Json, rpcCall } from '@sealane/chain'
import { operatorClient } from '@sealane/host/client'
import { minerOperator, providerOperator, sealerOperator } from '@sealane/proto'
import { until } from '@sealane/testkit'
import { afterAll } from 'vitest'
import type { RunState } from '../../apps/cli/src/connect/run-state.js'
import type { Summary } from '../../apps/cli/src/up/summary.js'

export const root = join(import.meta.dirname, '../..')
const program = join(root, 'apps/cli/dist/main.js')

/** A run on a busy machine: what takes seconds may take minutes. Unit: ms. */
export const patienceMs = 240_000
/** From SIGTERM until everything is gone, on a busy machine. The goal of an idle one is 10 s. Unit: ms. */
const stopMs = 30_000

/** One line of `up --json`. */
export interface Told {
  event: string
  [fact: string]: unknown
}

const started: Stack[] = []

/** A directory for one state, gone, with all that runs on it, after the suite's tests (SEALANE_KEEP keeps the files). */
export function stateHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'sl-stack-'))
  afterAll(async () => {
    for (const stack of started.filter((one) => one.home === home)) await stack.end()
    if (process.env.SEALANE_KEEP === undefined) rmSync(home, { recursive: true, force: true })
  })
  return home
}

/** `sealane up` as a process of its own with everything it starts, watched through what it prints, its sockets and its databases. */
export class Stack {
  readonly told: Told[] = []
  #errors = ''
  #closed = false
  readonly #exited: Promise<number | null>
  #chain: ChainPort | undefined

  private constructor(
    readonly home: string,
    private readonly child: ChildProcess,
  ) {
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => this.told.push(JSON.parse(line) as Told))
    }
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4_000)
    })
    this.#exited = new Promise((resolve) => {
      child.once('close', (code) => {
        this.#closed = true
        resolve(code)
      })
    })
  }

  /** Starts `sealane up --json <args>` on the state in `home`. It ends with the tests of its state, whatever happens. */
  static start(home: string, args: readonly string[]): Stack {
    const child = spawn(process.execPath, [program, 'up', '--json', ...args], {
      env: environment(home),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const stack = new Stack(home, child)
    started.push(stack)
    return stack
  }

  /** The first line that fits, as soon as there is one. Throws, with the last lines, at the deadline or when the run has ended. */
  async tells(what: string, fits: (told: Told) => boolean, deadlineMs = patienceMs): Promise<Told> {
    const found = await until(
      what,
      () => this.told.find(fits) ?? (this.#closed ? this.#ended(what) : this.state()),
      (told) => told instanceof RunEnded || fits(told as Told),
      { deadlineMs },
    )
    if (found instanceof RunEnded) throw found
    return found as Told
  }

  #ended(what: string): RunEnded {
    return new RunEnded(`the run ended before: ${what}\n${JSON.stringify(this.state(), null, 1)}`)
  }

  /** What a deadline prints. */
  state(): Record<string, unknown> {
    return { event: '', last: this.told.slice(-12), stderr: this.#errors.slice(-1_500) }
  }

  /** The last line: all deals proven. */
  async summary(deadlineMs = patienceMs): Promise<Summary> {
    const told = await this.tells('the summary', ({ event }) => event === 'summary', deadlineMs)
    if (told.ok !== true) throw new Error(`the run failed\n${JSON.stringify(this.state(), null, 1)}`)
    return told as unknown as Summary
  }

  async exitCode(deadlineMs = patienceMs): Promise<number | null> {
    await until(
      'the run to end',
      () => ({ ...this.state(), closed: this.#closed }),
      ({ closed }) => closed,
      {
        deadlineMs,
      },
    )
    return await this.#exited
  }

  /** Closes our end of its output. */
  stopReading(): void {
    this.child.stdout?.destroy()
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name)
  }

  /** Stops it as Ctrl-C does; resolves with its exit code. */
  async stop(): Promise<number | null> {
    await this.#chain?.close()
    this.#chain = undefined
    if (!this.#closed) this.child.kill('SIGTERM')
    return await this.exitCode(stopMs)
  }

  /** Stops it, and ends by force whatever is left of it. */
  async end(): Promise<void> {
    try {
      await this.stop()
    } finally {
      if (!this.#closed) this.child.kill('SIGKILL')
      for (const { pid } of processesOf(this.home)) process.kill(pid, 'SIGKILL')
      if (process.env.SEALANE_KEEP === undefined && existsSync(join(this.home, 'run.json'))) {
        rmSync(this.run.runtimeDir, { recursive: true, force: true })
      }
    }
  }

  /**
   * What `sealane doctor --invariants --settled` finds broken, on the running stack. The job of a worker that was killed stays in its
   * queue until BullMQ's lock on it is over, half a minute later: that is not waited for.
   */
  async violations(): Promise<unknown[]> {
    const words = ['doctor', '--invariants', '--settled=20s', '--json']
    const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) =>
      execFile(
        process.execPath,
        [program, ...words],
        { env: environment(this.home), maxBuffer: 64 * 2 ** 20 },
        (_exit, stdout, stderr) => resolve({ stdout, stderr }),
      ),
    )
    if (stdout === '') throw new Error(`the checker failed: ${stderr}`)
    const { violations } = JSON.parse(stdout) as { violations: { rule: string }[] }
    return violations.filter(({ rule }) => rule !== 'queue not empty')
  }

  /** kill -9 of the supervisor and of everything it started: a power cut. */
  async killAll(): Promise<void> {
    this.child.kill('SIGKILL')
    for (const { pid } of processesOf(this.home)) process.kill(pid, 'SIGKILL')
    await until(
      'everything to be gone',
      () => ({ closed: this.#closed, left: processesOf(this.home) }),
      ({ closed, left }) => closed && left.length === 0,
      { deadlineMs: stopMs },
    )
  }

  get run(): RunState {
    return JSON.parse(readFileSync(join(this.home, 'run.json'), 'utf8')) as RunState
  }

  get chain(): ChainPort {
    this.#chain ??= createChainClient({ nodes: this.run.chain })
    return this.#chain
  }

  async miner(): Promise<Address> {
    const told = await this.tells('the miner actor', ({ event }) => event === 'miner')
    return parseAddress(String(told.miner))
  }

  /** The operator APIs of the three apps. */
  get apps() {
    const at = (app: string) => ({ socketPath: join(this.run.runtimeDir, `${app}.sock`) })
    return {
      provider: operatorClient(providerOperator, at('provider')),
      sealer: operatorClient(sealerOperator, at('sealer')),
      miner: operatorClient(minerOperator, at('miner')),
    }
  }

  /** A method of the devnet's operator: `Advance`, `Info` … */
  async devnet(method: string, ...params: Json[]): Promise<Json> {
    return await rpcCall(this.run.chain, `Devnet.${method}`, params, patienceMs)
  }

  /** The process of a service (`miner`, `worker-1`, `redis` …) as it is now; undefined between two lives. */
  pid(service: string): number | undefined {
    const word = service === 'redis' ? 'redis-server' : `/config/${service}.toml`
    return processesOf(this.home).find(({ command }) => command.includes(word))?.pid
  }

  /** kill -9, and the restart that must follow. */
  async kill(service: string): Promise<void> {
    const pid = await until(
      `${service} to run`,
      () => this.pid(service),
      (pid) => pid !== undefined,
    )
    this.signalService(service, 'SIGKILL')
    await until(
      `${service} to be started again`,
      () => ({ pid: this.pid(service), told: this.told.slice(-3) }),
      (now) => now.pid !== undefined && now.pid !== pid,
      { deadlineMs: 30_000 },
    )
  }

  signalService(service: string, signal: NodeJS.Signals): void {
    const pid = this.pid(service)
    if (pid === undefined) throw new Error(`${service} does not run`)
    process.kill(pid, signal)
  }

  /** Rows of an app's database, read beside it: tests look, apps never do. */
  rows<Row>(app: 'miner' | 'sealer' | 'provider', query: string): Row[] {
    const file = { miner: 'miner/miner.db', sealer: 'sealer/sealer.db', provider: 'provider/deals.db' }[app]
    const path = join(this.home, 'state', file)
    if (!existsSync(path)) return []
    const db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
    try {
      return db.prepare(query).all() as Row[]
    } finally {
      db.close()
    }
  }
}

class RunEnded extends Error {}

export function environment(home: string): NodeJS.ProcessEnv {
  const { REDIS_URL: _redis, FULLNODE_API_INFO: _nodes, VITEST: _vitest, ...rest } = process.env
  return { ...rest, SEALANE_HOME: home, NO_COLOR: '1' }
}

/** Every process that a run on this state has started and that still lives: by the environment it inherited, or by where it works. */
export function processesOf(home: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        // Neither the supervisor itself nor a zombie, which has no command line.
        if (command === '' || command.includes(' up --json')) return []
        const environ = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0')
        // Redis writes its title over its environment.
        const ours =
          environ.includes(`SEALANE_HOME=${home}`) || readlinkSync(`/proc/${name}/cwd`).startsWith(`${home}/`)
        return ours ? [{ pid: Number(name), command }] : []
      } catch {
        return []
      }
    })
}
