import { halt, type Log } from '@sealane/host'
import { backoffMs, SqlError, writing } from '@sealane/sql'
import type { Transaction } from 'kysely'
import { rowFailure } from '../disk-trouble.js'
import { followTold } from '../events/follow-told.js'
import { nextToldEvent } from '../events/next-told-event.js'
import { readTold } from '../events/told-facts.js'
import type { PieceStore } from '../intake/piece-store.js'
import type { SealerDb, Sector } from '../sealer-db.js'
import type { SectorStore } from './sector-store.js'
import type { Outcome, StepTools } from './step.js'
import { steps } from './steps/index.js'

/** First and longest wait after a failure that may pass by itself. Unit: ms. */
const RETRY = { baseMs: 1_000, capMs: 5 * 60_000 }

export interface AdvanceTools {
  sectors: SectorStore
  pieces: PieceStore
  step: StepTools
  /** These pieces were touched: look at them. */
  touched: (dealUuids: readonly string[]) => void
  /** The miner's record is newer than this database. */
  outdated: () => Promise<void>
  log: Log
}

/**
 * One step of one sector: reads the row, does what its state asks, saves where that led. Returns true when the sector moved.
 * Whatever fails is in the row, with its remedy, before this returns; only `halt` leaves it.
 */
export async function advanceSector(sectorNumber: number, tools: AdvanceTools): Promise<boolean> {
  const { sectors, step: stepTools, log } = tools
  const sector = await sectors.read(sectorNumber)
  const step = sector && steps[sector.state]
  if (!sector || !step) return false
  if (await follow(sector, tools)) return true
  const pieces = await sectors.db
    .selectFrom('pieces')
    .selectAll()
    .where('sector_number', '=', sectorNumber)
    .execute()
  let outcome: Outcome
  try {
    outcome = await step(sector, pieces, stepTools)
  } catch (error) {
    if (!stepTools.signal.aborted) await fail(sector, error, tools)
    return false
  }
  if ('heldTurn' in outcome) await tools.outdated()
  const moved = await current(() => writing(sectors.db, (trx) => save(trx, sector, outcome, tools)))
  if (moved && 'event' in outcome) log.info('sector moved', { sector: sectorNumber, event: outcome.event })
  return moved ?? false
}

/** Takes what the miner told before the row could take it. */
async function follow(sector: Sector, { sectors, pieces, step, touched }: AdvanceTools): Promise<boolean> {
  if (nextToldEvent(sector, await readTold(sectors.db, sector.sector_number)) === undefined) return false
  const followed = await current(() =>
    writing(sectors.db, (trx) =>
      followTold(trx, sector.sector_number, { sectors, pieces, nowMs: step.now() }),
    ),
  )
  touched(followed?.pieces ?? [])
  return true
}

async function save(
  trx: Transaction<SealerDb>,
  sector: Sector,
  outcome: Outcome,
  { sectors, step }: AdvanceTools,
): Promise<boolean> {
  const nowMs = step.now()
  if ('event' in outcome) {
    const { event, facts = {}, detail, failure } = outcome
    await sectors.move(trx, sector, event, facts, {
      nowMs,
      ...(detail === undefined ? {} : { detail }),
      ...(failure === undefined ? {} : { failure }),
    })
    return true
  }
  if ('heldTurn' in outcome) {
    await sectors.catchUp(trx, sector, outcome.heldTurn, nowMs)
    return true
  }
  const [waiting, wakeInMs] = 'rest' in outcome ? [null, null] : [outcome.wait, outcome.wakeInMs]
  await sectors.keep(trx, sector, { nowMs, wakeInMs, waiting, failure: null, retry: false })
  return false
}

async function fail(sector: Sector, error: unknown, { sectors, step, log }: AdvanceTools): Promise<void> {
  const failure = rowFailure(error)
  const { sector_number: sectorNumber, state } = sector
  log.warn('sector step failed', { sector: sectorNumber, state, ...failure })
  // This process lies or has been replaced: it must not touch the row.
  if (failure.remedy === 'halt') return halt(error)
  const nowMs = step.now()
  await current(() =>
    writing(sectors.db, async (trx) => {
      if (failure.remedy === 'retry') {
        const wakeInMs = backoffMs(sector.tries, RETRY)
        await sectors.keep(trx, sector, { nowMs, wakeInMs, waiting: null, failure, retry: true })
      } else {
        await sectors.move(trx, sector, 'held', {}, { nowMs, failure })
      }
    }),
  )
}

/** Undefined when somebody else (an event, a claim) moved the row meanwhile: what we found out is of an older turn. */
async function current<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof SqlError && error.facts.code === 'STALE_TURN') return undefined
    throw error
  }
}
