import type { ExpirationSet, Table } from '../state/chain-tables.js'
import { rows } from '../state/rows.js'
import { minus, union } from '../state/sector-set.js'

type Queue = Table<ExpirationSet>

/** Schedules sectors to leave on time at `epoch` (already rounded to the deadline). */
export function scheduleOnTime(queue: Queue, epoch: number, sectors: readonly number[]): void {
  const set = queue[epoch] ?? { onTime: [], early: [] }
  queue[epoch] = { ...set, onTime: union(set.onTime, sectors) }
}

/** Moves newly faulty sectors to `faultExpiration`, unless they leave on time before that anyway. */
export function scheduleFaults(queue: Queue, faultExpiration: number, sectors: readonly number[]): void {
  const faulty = new Set(sectors)
  const moved: number[] = []
  for (const [epoch, set] of rows(queue)) {
    if (epoch <= faultExpiration) continue
    const leaving = set.onTime.filter((number) => faulty.has(number))
    if (leaving.length === 0) continue
    moved.push(...leaving)
    keep(queue, epoch, { onTime: minus(set.onTime, leaving), early: set.early })
  }
  if (moved.length === 0) return
  const set = queue[faultExpiration] ?? { onTime: [], early: [] }
  queue[faultExpiration] = { ...set, early: union(set.early, moved) }
}

/** Puts recovered sectors back to their own expiration; `expirationOf` gives it, rounded to the deadline. */
export function scheduleRecovered(
  queue: Queue,
  sectors: readonly number[],
  expirationOf: (sector: number) => number,
): void {
  const recovered = new Set(sectors)
  for (const [epoch, set] of rows(queue)) {
    const back = set.early.filter((number) => recovered.has(number))
    if (back.length === 0) continue
    keep(queue, epoch, { onTime: set.onTime, early: minus(set.early, back) })
    for (const number of back) scheduleOnTime(queue, expirationOf(number), [number])
  }
}

/** Takes out everything due at or before `epoch`. */
export function popExpired(queue: Queue, epoch: number): ExpirationSet {
  const popped: ExpirationSet = { onTime: [], early: [] }
  for (const [due, set] of rows(queue)) {
    if (due > epoch) break
    popped.onTime = union(popped.onTime, set.onTime)
    popped.early = union(popped.early, set.early)
    delete queue[due]
  }
  return popped
}

function keep(queue: Queue, epoch: number, set: ExpirationSet): void {
  if (set.onTime.length + set.early.length === 0) delete queue[epoch]
  else queue[epoch] = set
}
