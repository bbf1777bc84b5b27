import { setTimeout as pause } from 'node:timers/promises'
import { remedyOf } from '@sealane/host'
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
