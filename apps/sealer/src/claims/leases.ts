import { performance } from 'node:perf_hooks'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { SealerDb } from '../sealer-db.js'

/** How often late claims are looked for. Unit: ms. */
export const EXPIRY_LOOK_MS = 1_000
/** A look that comes so late was not late by itself: the machine slept or this process was stopped, and heard nobody. Unit: ms. */
const DEAF_MS = 5_000
/** A claim is renewed so often within its lease. */
const BEATS_PER_LEASE = 9

/**
 * How long a claim holds without being heard of. Measured on the monotonic clock, anchored at the start of this process: a step of the
 * wall clock ends no claim. Time in which nobody could be heard (a restart, a suspended machine) does not count.
 */
export class Leases {
  readonly #startedWallMs = Date.now()
  readonly #startedMs = performance.now()
  #lookedMs: number

  constructor(
    readonly leaseMs: number,
    /** For tests. */
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.#lookedMs = clock()
  }

  /** How often a worker says that it still works. Unit: ms. */
  get heartbeatMs(): number {
    return Math.max(100, Math.round(this.leaseMs / BEATS_PER_LEASE))
  }

  /** Unit: ms. */
  now(): number {
    return Math.round(this.#startedWallMs + this.clock() - this.#startedMs)
  }

  /** When a claim granted or renewed now ends. */
  end(): number {
    return this.now() + this.leaseMs
  }

  /** At a start: the claims that ran when the coordinator went away get a whole lease to be heard of. */
  async regrant(db: Kysely<SealerDb>): Promise<void> {
    const expires_ms = this.end()
    await db.updateTable('claims').set({ expires_ms }).where('state', '=', sql.lit('running')).execute()
    await db.updateTable('unseals').set({ expires_ms }).where('claim_id', 'is not', null).execute()
  }

  /** Before each look for late claims: gives back the time in which this process heard nobody. */
  async forgiveDeafness(db: Kysely<SealerDb>): Promise<void> {
    const now = this.clock()
    const deafMs = Math.round(now - this.#lookedMs)
    this.#lookedMs = now
    if (deafMs <= EXPIRY_LOOK_MS + DEAF_MS) return
    const later = { expires_ms: sql<number>`expires_ms + ${deafMs}` }
    await db.updateTable('claims').set(later).where('state', '=', sql.lit('running')).execute()
    await db.updateTable('unseals').set(later).where('claim_id', 'is not', null).execute()
  }
}
