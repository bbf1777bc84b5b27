import { setTimeout as pause } from 'node:timers/promises'
import { remedyOf } from '@sealane/host'

/** Whoever gave the work may be restarting. Unit: ms. */
const AGAIN_MS = 1_000

/**
 * Does `work` again for as long as what it throws may pass (`retry`), at most `mostMs`. Rejects with its last error, or when `signal`
 * says that nobody wants it any more.
 */
export async function patiently<Value>(
  work: () => Promise<Value>,
  o: { signal: AbortSignal; mostMs: number },
): Promise<Value> {
  const endMs = performance.now() + o.mostMs
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (o.signal.aborted || remedyOf(error) !== 'retry' || performance.now() > endMs) throw error
      await pause(AGAIN_MS, undefined, { signal: o.signal })
    }
  }
}
