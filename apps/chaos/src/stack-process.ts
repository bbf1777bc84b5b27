import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Moment, moments, type ServiceName } from './fault.js'

/** The operator's one command, as it is built. */
export const sealane = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url))

/** How often it is looked for the run's own file. Unit: ms. */
const RUN_FILE_LOOK_MS = 10

/** One line of `up --json`. */
export interface Told {
  readonly event: string
  readonly [fact: string]: unknown
}

interface RunState {
  readonly runtimeDir: string
  readonly chain: string
}

/** `sealane up --json` with everything it starts. */
export class StackProcess {
  readonly told: Told[] = []
  #errors = ''
  #closed = false
  readonly #exited: Promise<number | null>
  readonly #moments = new Map(moments.map((moment) => [moment, Promise.withResolvers<void>()]))
  readonly #over = Promise.withResolvers<void>()
  #accepted = 0

  private constructor(
    readonly home: string,
    private readonly child: ChildProcess,
    private readonly deals: number,
  ) {
    const log = createWriteStream(join(home, 'up.jsonl'))
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        log.write(`${line}\n`)
        this.#take(line)
      })
    }
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4_000)
    })
    // Nothing outlives us, whatever ends us.
    const end = () => void this.child.kill('SIGTERM')
    process.once('exit', end)
    this.child.once('exit', () => process.off('exit', end))
    this.#exited = new Promise((resolve) => {
      child.once('close', (code) => {
        this.#closed = true
        log.end()
        this.#over.resolve()
        resolve(code)
      })
    })
  }

  static start(o: {
    home: string
    args: readonly string[]
    env: NodeJS.ProcessEnv
    deals: number
  }): StackProcess {
    const child = spawn(process.execPath, [sealane, 'up', '--json', ...o.args], {
      env: o.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C in the terminal is ours to pass on.
      detached: true,
    })
    return new StackProcess(o.home, child, o.deals)
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get errors(): string {
    return this.#errors.trim()
  }

  get closed(): boolean {
    return this.#closed
  }

  get run(): RunState {
    return JSON.parse(readFileSync(join(this.home, 'run.json'), 'utf8')) as RunState
  }

  /** Resolves at that moment of the run, when there is something to hurt; or when the run is over: then there is nothing left. */
  async moment(moment: Moment): Promise<void> {
    await Promise.race([this.#moments.get(moment)?.promise, this.#over.promise])
    // It is written once all processes run, a moment after the last of them is told.
    while (!this.over && !existsSync(join(this.home, 'run.json'))) await pause(RUN_FILE_LOOK_MS)
  }

  /** True once the run ended, well or not: its summary was told, or it is gone. */
  get over(): boolean {
    return this.#closed || this.told.some(({ event }) => event === 'summary')
  }

  /** The summary, or undefined at the deadline or when the run ended without one. */
  async summary(deadlineMs: number, signal: AbortSignal): Promise<Told | undefined> {
    const enough = new AbortController()
    const late = pause(deadlineMs, undefined, { signal: AbortSignal.any([signal, enough.signal]) })
    await Promise.race([this.#over.promise, late.catch(() => undefined)])
    enough.abort()
    return this.told.find(({ event }) => event === 'summary')
  }

  /** The process of a service as it is now; undefined between two lives. */
  pidOf(service: ServiceName): number | undefined {
    const file = join(this.run.runtimeDir, `${service}.pid`)
    if (!existsSync(file)) return undefined
    const pid = Number(readFileSync(file, 'utf8'))
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      // A number alone may be somebody else's by now.
      return words.includes(join(this.home, `config/${service}.toml`)) ? pid : undefined
    } catch {
      return undefined
    }
  }

  /** SIGTERM, and the exit code. */
  async stop(): Promise<number | null> {
    if (!this.#closed) this.child.kill('SIGTERM')
    return await this.#exited
  }

  #take(line: string): void {
    let told: Told
    try {
      told = JSON.parse(line) as Told
    } catch {
      this.#errors = `${this.#errors}not JSON: ${line}\n`.slice(-4_000)
      return
    }
    this.told.push(told)
    this.#notice(told)
  }

  #notice(told: Told): void {
    const reached = (moment: Moment) => this.#moments.get(moment)?.resolve()
    // Once it is told that the provider runs, the run's own file is there a moment later.
    if (told.event === 'service' && told.service === 'provider') reached('started')
    if (told.event === 'funded') reached('funding')
    if (told.event === 'miner') reached('escrow')
    if (told.event === 'escrow') reached('proposing')
    if (told.event === 'proposed') {
      reached('arriving')
      this.#accepted += 1
      if (this.#accepted === this.deals) reached('accepted')
    }
    if (told.event === 'deal' && told.state !== 'Accepted' && told.state !== 'Transferring') {
      if (told.publishCid !== null || told.state === 'Publishing') reached('publishing')
    }
    if (told.event === 'sector') {
      reached('sealing')
      if (told.preCommitCid !== null) reached('precommitted')
      if (told.proveCommitCid !== null) reached('provecommitted')
      if (told.state === 'Proving') reached('proving')
    }
    if (told.event === 'summary') this.#over.resolve()
  }
}
