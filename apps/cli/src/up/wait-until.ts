import { setTimeout as pause } from 'node:timers/promises'
import { remedyOf } from '@sealane/host'
import { CliError } from '../cli-error.js'
import { orAbort } from './or-abort.js'

/** Asks again until there is an answer; errors that may pass by themselves (an app that is starting) are waited out. Unit: ms. */
export async function waitUntil<T>(
  ask: () => Promise<T | undefined>,
  o: { signal: AbortSignal; everyMs?: number; waiting?: () => void },
): Promise<T> {
  for (;;) {
    try {
      const answer = await orAbort(ask(), o.signal)
      if (answer !== undefined) return answer
    } catch (error) {
      if (o.signal.aborted) throw o.signal.reason
      if (remedyOf(error) !== 'retry') throw error
    }
    o.waiting?.()
    await pause(o.everyMs ?? 200, undefined, { signal: o.signal })
  }
}

/** A chain or an app that restarts is back within this. Unit: ms. */
const RESTART_MS = 60_000

/** One reading that must not fail because a process is being restarted: asked again for a while when nobody answers, and only then. */
export async function steadily<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const began = performance.now()
  for (;;) {
    try {
      return await orAbort(read(), signal)
    } catch (error) {
      // Our own verdicts (CliError) are no restart.
      const away = remedyOf(error) === 'retry' && !(error instanceof CliError)
      if (signal.aborted || !away || performance.now() - began > RESTART_MS) throw error
    }
    await pause(500, undefined, { signal })
  }
}
