import { type ChildProcess, spawn } from 'node:child_process'
import { Injectable } from '@nestjs/common'
import { Log } from '@sealane/host'
import { Clock } from '../clock.js'

/** What cannot wait. The word is the command's first argument, so that an operator can route by it. */
export type AlertKind =
  | 'post-half-time'
  | 'post-missed'
  | 'post-sectors-skipped'
  | 'push-failed'
  | 'nonce-taken'
  | 'low-balance'
  | 'message-failed'

/** The same alert again is told at most this often. Unit: ms. */
const REPEAT_AFTER_MS = 10 * 60_000
/** An alert command that takes longer is killed. Unit: ms. */
const COMMAND_TIMEOUT_MS = 60_000

/** Runs the configured `alert_command` as `command <kind> <text>`, without a shell, and logs an error line either way. */
@Injectable()
export class Alerts {
  readonly #told = new Map<string, number>()
  readonly #children = new Set<ChildProcess>()

  constructor(
    private readonly command: readonly string[],
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  raise(kind: AlertKind, text: string): void {
    const now = this.clock.now()
    const key = `${kind} ${text}`
    const told = this.#told.get(key)
    if (told !== undefined && now - told < REPEAT_AFTER_MS) return
    if (this.#told.size > 10_000) this.#told.clear()
    this.#told.set(key, now)
    this.log.error('alert', { kind, text })
    const [program, ...words] = this.command
    if (program === undefined) return
    const child = spawn(program, [...words, kind, text], { stdio: 'ignore', timeout: COMMAND_TIMEOUT_MS })
    this.#children.add(child)
    const failed = (reason: string) => this.log.error('alert command failed', { program, reason })
    child.on('error', (error) => {
      this.#children.delete(child)
      failed(error.message)
    })
    child.on('exit', (code, signal) => {
      this.#children.delete(child)
      if (code !== 0) failed(signal === null ? `exit code ${code}` : `killed by ${signal}`)
    })
  }

  stop(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }
}
