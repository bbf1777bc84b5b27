import type { Failure } from '@sealane/proto'
import { backoffMs } from '@sealane/sql'
import type { Publication } from './publication-store.js'

const RETRY = { baseMs: 1_000, capMs: 60_000 }

/** What a row keeps of a failure that is tried again: later and later, after 1 s to 60 s. `now` is unix time in ms. */
export function retryFacts(row: Publication, failure: Failure, now: number) {
  return {
    tries: row.tries + 1,
    wake_at: now + backoffMs(row.tries, RETRY),
    why: failure.text,
    failure: JSON.stringify(failure),
  }
}
