import type { Failure, Waiting } from '@sealane/proto'

/** Why a row stays in its state: what it waits for, or what failed, and when to look at it again. */
export interface Kept {
  nowMs: number
  /** Null: an event will wake it. */
  wakeInMs: number | null
  waiting: Omit<Waiting, 'sinceMs'> | null
  failure: Failure | null
  /** Counts a try, which gives the next job a new id and the next wait a longer back-off. */
  retry: boolean
}

/** The columns of a piece or sector that stays in its state; the state's own time is when the waiting began. */
export function keptColumns(row: { tries: number; state_since_ms: number }, o: Kept) {
  return {
    wake_at: o.wakeInMs === null ? null : o.nowMs + o.wakeInMs,
    tries: o.retry ? row.tries + 1 : row.tries,
    waiting: o.waiting === null ? null : JSON.stringify({ ...o.waiting, sinceMs: row.state_since_ms }),
    failure: o.failure === null ? null : JSON.stringify(o.failure),
  }
}
