import { type ChildProcess, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CliError } from '../cli-error.js'
import { processLives } from './process-lives.js'

/** Restarts wait this long at first, doubling. Unit: ms. */
const BACKOFF_MS = { first: 200, most: 5_000 }
/** So many deaths in so long end the run. Source: design §7. */
const DEATHS = { most: 5, withinMs: 60_000 }
/** From SIGTERM to SIGKILL. Unit: ms. Source: design rule 11. */
const STOP_MS = 10_000

export interface ServiceOptions {
  name: string
  command: string
  args: readonly string[]
  env: NodeJS.ProcessEnv
  logFile: string
  pidFile: string
  /** A word of its command line, to know it again after a crash of ours. */
  mark: string
  onRestart: (name: string, how: string) => void
  onDeath: (error: CliError) => void
}

/** One process of the stack: started in a group of its own (Ctrl-C is ours to pass on), restarted when it dies. */
export class Service {
  #child: ChildProcess | undefined
  #stopping = false
  #deaths: number[] = []

  constructor(readonly o: ServiceOptions) {}

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Ends what an earlier supervisor left behind, then starts. */
  async start(): Promise<void> {
    await this.#endLeftover()
    this.#spawn()
  }

  async stop(): Promise<void> {
    this.#stopping = true
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null)
      return this.#forget()
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    child.kill('SIGTERM')
    const late = AbortSignal.timeout(STOP_MS)
    await Promise.race([
      gone,
      new Promise<void>((resolve) => late.addEventListener('abort', () => resolve())),
    ])
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    this.#forget()
  }

  /** The supervisor is going without another turn of its loop: asks the process to end, at once. Its pid file stays for the next run. */
  abandon(): void {
    this.#stopping = true
    const child = this.#child
    if (child?.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  }

  /** The last line the process wrote: what a person needs when it cannot be kept up. */
  lastLine(): string {
    if (!existsSync(this.o.logFile)) return ''
    const file = openSync(this.o.logFile, 'r')
    try {
      const { size } = fstatSync(file)
      const buffer = Buffer.alloc(Math.min(size, 8192))
      readSync(file, buffer, 0, buffer.length, size - buffer.length)
      const lines = buffer.toString('utf8').trim().split('\n')
      // Apps log JSON lines; the plain one is the reason they gave up.
      return (lines.findLast((line) => !line.startsWith('{')) ?? lines.at(-1) ?? '').slice(0, 500)
    } finally {
      closeSync(file)
    }
  }

  #spawn(): void {
    const { command, args, env, logFile, pidFile } = this.o
    mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 })
    mkdirSync(dirname(pidFile), { recursive: true, mode: 0o700 })
    const log = openSync(logFile, 'a', 0o600)
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', log, log] })
    closeSync(log)
    this.#child = child
    if (child.pid !== undefined) writeFileSync(pidFile, `${child.pid}\n`)
    child.once('exit', (code, signal) => this.#died(signal ?? `exit code ${code}`))
    child.once('error', (error) => this.#died(error.message))
  }

  #died(how: string): void {
    if (this.#stopping) return
    const now = Date.now()
    this.#deaths = [...this.#deaths.filter((at) => now - at < DEATHS.withinMs), now]
    if (this.#deaths.length >= DEATHS.most) {
      const lastLine = this.lastLine()
      this.o.onDeath(
        new CliError(
          { code: 'SERVICE_DIED', service: this.o.name, lastLine },
          `${this.o.name} died ${DEATHS.most} times in a minute (${how}): ${lastLine} (log: ${this.o.logFile})`,
        ),
      )
      return
    }
    this.o.onRestart(this.o.name, how)
    const waitMs = Math.min(BACKOFF_MS.most, BACKOFF_MS.first * 2 ** (this.#deaths.length - 1))
    setTimeout(() => {
      if (!this.#stopping) this.#spawn()
    }, waitMs)
  }

  async #endLeftover(): Promise<void> {
    if (!existsSync(this.o.pidFile)) return
    const pid = Number(readFileSync(this.o.pidFile, 'utf8'))
    if (!Number.isSafeInteger(pid) || pid <= 1 || !processLives(pid, this.o.mark)) return
    process.kill(pid, 'SIGTERM')
    for (let waitedMs = 0; processLives(pid, this.o.mark); waitedMs += 50) {
      if (waitedMs >= STOP_MS) process.kill(pid, 'SIGKILL')
      await pause(50)
    }
  }

  #forget(): void {
    rmSync(this.o.pidFile, { force: true })
  }
}
