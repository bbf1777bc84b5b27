import { failureOf, halt, type Log } from '@sealane/host'
import { backoffMs, SqlError, writing } from '@sealane/sql'
import type { SectorStore } from './sector-store.js'
import type { Outcome, StepTools } from './step.js'
import { steps } from './steps/index.js'

/** First and longest wait after a failure that may pass by itself. Unit: ms. */
const RETRY = { baseMs: 1_000, capMs: 5 * 60_000 }

/**
 * One step of one sector: reads the row, does what its state asks, saves where that led. Returns true when the sector moved.
 * Whatever fails is in the row, with its remedy, before this returns; only `halt` leaves it.
 */
export async function advanceSector(
  sectorNumber: number,
  store: SectorStore,
  tools: StepTools,
  log: Log,
): Promise<boolean> {
  const sector = await store.read(sectorNumber)
  const step = sector && steps[sector.state]
  if (!sector || !step) return false
  const pieces = await store.db
    .selectFrom('pieces')
    .selectAll()
    .where('sector_number', '=', sectorNumber)
    .execute()
  const nowMs = tools.now()
  let outcome: Outcome
  try {
    outcome = await step(sector, pieces, tools)
  } catch (error) {
    if (tools.signal.aborted) return false
    const failure = failureOf(error)
    log.warn('sector step failed', { sector: sectorNumber, state: sector.state, ...failure })
    if (failure.remedy === 'halt') halt(error)
    await writing(store.db, async (trx) => {
      if (failure.remedy === 'retry') {
        const wakeInMs = backoffMs(sector.tries, RETRY)
        await store.keep(trx, sector, { nowMs, wakeInMs, waiting: null, failure, retry: true })
      } else {
        await store.move(trx, sector, 'held', {}, { nowMs, failure })
      }
    }).catch(ignoreStale)
    return false
  }
  try {
    return await writing(store.db, async (trx) => {
      if ('wait' in outcome) {
        await store.keep(trx, sector, {
          nowMs,
          wakeInMs: outcome.wakeInMs,
          waiting: outcome.wait,
          failure: null,
          retry: false,
        })
        return false
      }
      const state = await store.move(trx, sector, outcome.event, outcome.facts ?? {}, {
        nowMs: tools.now(),
        ...(outcome.detail === undefined ? {} : { detail: outcome.detail }),
      })
      await outcome.within?.(trx)
      log.info('sector moved', { sector: sectorNumber, event: outcome.event, state })
      return true
    })
  } catch (error) {
    ignoreStale(error)
    return false
  }
}

/** Somebody else (an event, a claim) moved the row meanwhile: what we found out is of an older turn. */
function ignoreStale(error: unknown): void {
  if (!(error instanceof SqlError && error.facts.code === 'STALE_TURN')) throw error
}
