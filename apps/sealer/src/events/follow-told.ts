import type { Transaction } from 'kysely'
import type { PieceStore } from '../intake/piece-store.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb } from '../sealer-db.js'
import { applyActivation, revertActivation } from './activation.js'
import { nextToldEvent } from './next-told-event.js'
import { readTold } from './told-facts.js'

/** Which rows were touched, to look at them at once. */
export interface Touched {
  sectors: number[]
  pieces: string[]
}

/** A sector takes at most a few of the miner's facts one after another; more is a circle. */
const MOST_MOVES = 10

/** Moves a sector along as far as the miner's word carries it. */
export async function followTold(
  trx: Transaction<SealerDb>,
  sectorNumber: number,
  o: { sectors: SectorStore; pieces: PieceStore; nowMs: number },
): Promise<Touched> {
  const touched: Touched = { sectors: [], pieces: [] }
  for (let moves = 0; moves < MOST_MOVES; moves += 1) {
    const sector = await o.sectors.read(sectorNumber, trx)
    if (sector === undefined) return touched
    const told = await readTold(trx, sectorNumber)
    const found = nextToldEvent(sector, told)
    if (found === undefined) return touched
    const { event, facts, failure } = found
    await o.sectors.move(trx, sector, event, facts, {
      nowMs: o.nowMs,
      ...(failure === undefined ? {} : { failure }),
    })
    touched.sectors = [sectorNumber]
    const landed = told.proveCommit?.landed
    if (event === 'proveCommitLanded' && landed) {
      touched.pieces.push(...(await applyActivation(trx, sectorNumber, landed, o.pieces, o.nowMs)))
    }
    if (event === 'proveCommitReverted') {
      touched.pieces.push(...(await revertActivation(trx, sectorNumber, o.pieces, o.nowMs)))
    }
  }
  throw new TypeError(`sector ${sectorNumber} goes in circles over what the miner told`)
}
