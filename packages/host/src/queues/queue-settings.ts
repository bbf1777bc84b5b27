import { z } from 'zod'
import { durationMs } from '../config/fields.js'

/** A lock is renewed at half its time: below this a busy event loop loses it. Unit: ms. */
const LEAST_LOCK_MS = 1_000

/** `[queues]` of an app that works queues. */
export function queueSettings() {
  return z.object({
    lock: durationMs()
      .refine((ms) => ms >= LEAST_LOCK_MS, { message: 'a lock is at least "1s"' })
      .prefault('30s')
      .describe(
        'A job whose process is not heard of for this long is given to another. Claims, not jobs, decide who owns the work: longer only delays that.',
      ),
  })
}
