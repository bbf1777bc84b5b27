import type { Log } from '../log/log.js'
import { silentLog } from '../log/log.js'
import type { HealthRoom } from './health.js'

export interface Repeated {
  /** Runs now; during a run, once more right after it. */
  nudge(): void
  /** Aborts the signal, waits up to 3 s for the run in hand, starts no other. */
  close(): Promise<void>
}

/** Unit: ms. */
const CLOSE_TIMEOUT_MS = 3_000

/**
 * Runs `run` now and again `everyMs` after each end, never twice at once: reconcile, outbox sending, expiry of leases.
 * A throw is logged, turns the lamp red, and is tried again; the next success turns it green.
 */
export function repeatedly(o: {
  name: string
  everyMs: number
  run: (signal: AbortSignal) => Promise<void>
  log?: Log
  lamp?: HealthRoom
}): Repeated {
  const log = o.log ?? silentLog()
  const abort = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let again = false

  const start = (): void => {
    clearTimeout(timer)
    running = once().finally(() => {
      running = undefined
      if (abort.signal.aborted) return
      timer = setTimeout(start, again ? 0 : o.everyMs)
      again = false
    })
  }
  const once = async (): Promise<void> => {
    try {
      await o.run(abort.signal)
      o.lamp?.green()
    } catch (error) {
      if (abort.signal.aborted) return
      o.lamp?.red(`${o.name}: ${error instanceof Error ? error.message : String(error)}`)
      log.error(`${o.name} failed, will repeat`, { error, everyMs: o.everyMs })
    }
  }
  start()
  return {
    nudge() {
      if (abort.signal.aborted) return
      if (running === undefined) start()
      else again = true
    },
    async close() {
      abort.abort()
      clearTimeout(timer)
      let limit: NodeJS.Timeout | undefined
      await Promise.race([
        running,
        new Promise((resolve) => {
          limit = setTimeout(resolve, CLOSE_TIMEOUT_MS)
        }),
      ])
      clearTimeout(limit)
    },
  }
}
