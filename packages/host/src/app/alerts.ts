import { spawn } from 'node:child_process'
import type { Facts, Log } from '../log/log.js'
import { silentLog } from '../log/log.js'

export interface Alerts {
  /**
   * Logs an error and runs the operator's command for what cannot wait. `subject` tells things of one code apart;
   * the same code and subject runs the command at most every `repeatMs`.
   */
  raise(code: string, subject: string, text: string, facts?: Facts): void
}

/** Unit: ms. */
const COMMAND_TIMEOUT_MS = 30_000
const REPEAT_MS = 600_000

/**
 * The alarm bell. `command` runs in /bin/sh with SEALANE_ALERT_CODE, _SUBJECT, _TEXT in its environment and the same
 * as JSON on stdin, never in its arguments: text may come from strangers. Without a command only the log line is left.
 */
export function createAlerts(o: {
  command?: string | undefined
  log?: Log
  repeatMs?: number
  now?: () => number
}): Alerts {
  const log = o.log ?? silentLog()
  const now = o.now ?? Date.now
  const lastMs = new Map<string, number>()
  return {
    raise(code, subject, text, facts = {}) {
      log.error('alert', { code, subject, text, ...facts })
      if (o.command === undefined || o.command === '') return
      const key = `${code} ${subject}`
      if (now() - (lastMs.get(key) ?? Number.NEGATIVE_INFINITY) < (o.repeatMs ?? REPEAT_MS)) return
      lastMs.set(key, now())
      run(o.command, { code, subject, text }, log)
    },
  }
}

function run(command: string, alert: { code: string; subject: string; text: string }, log: Log): void {
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['pipe', 'ignore', 'ignore'],
    timeout: COMMAND_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    env: {
      ...process.env,
      SEALANE_ALERT_CODE: alert.code,
      SEALANE_ALERT_SUBJECT: alert.subject.replaceAll('\0', ''),
      SEALANE_ALERT_TEXT: alert.text.replaceAll('\0', ''),
    },
  })
  child.stdin.on('error', () => {}) // a command need not read it
  child.stdin.end(`${JSON.stringify(alert)}\n`)
  child.once('error', (error) => log.error('alert command failed', { error }))
  child.once('exit', (code, signal) => {
    if (code !== 0) log.error('alert command failed', { exit: signal ?? code })
  })
}
