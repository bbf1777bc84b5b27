import { setTimeout as pause } from 'node:timers/promises'
import { idOf, parseAddress } from '@sealane/actors'
import { type HealthRoom, halt, type Log, remedyOf } from '@sealane/host'
import { knows, sectorTransitions, WrongTransition } from '@sealane/lifecycle'
import type { minerV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { Kysely } from 'kysely'
import { readFact, setFact } from '../facts.js'
import type { PieceStore } from '../intake/piece-store.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'
import { applyEvent, lastSequence, skipEvent } from './apply-event.js'
import type { Touched } from './follow-told.js'
import type { HomeFacts } from './home-facts.js'

/** Wait between attempts while the miner app is away or not ready. Unit: ms. */
const AGAIN_MS = 1_000

export interface FollowOptions {
  db: Kysely<SealerDb>
  miner: minerV1.MinerServiceClient
  facts: HomeFacts
  sectors: SectorStore
  pieces: PieceStore
  touched: (touched: Touched) => void
  lamp: HealthRoom
  log: Log
  now: () => number
  signal: AbortSignal
}

/** Home's one view of the chain: learns the miner, then applies its events in order, for ever, across its restarts. */
export async function followMiner(o: FollowOptions): Promise<void> {
  while (!o.signal.aborted) {
    try {
      await followOnce(o)
    } catch (error) {
      if (o.signal.aborted) return
      if (remedyOf(error) === 'halt') halt(error)
      o.lamp.red(`the miner app does not answer: ${error instanceof Error ? error.message : String(error)}`)
      if (remedyOf(error) === 'retry') o.log.debug('miner stream ended', { error })
      else o.log.error('miner not followed, will try again', { error })
    }
    await pause(AGAIN_MS, undefined, { signal: o.signal }).catch(() => undefined)
  }
}

async function followOnce(o: FollowOptions): Promise<void> {
  const status = await o.miner.getStatus({}, { signal: o.signal })
  if (!status.ready) return o.lamp.red(`the miner app waits for ${status.waitingFor}`)
  await learn(status, o)
  const afterSequence = await lastSequence(o.db)
  for await (const event of o.miner.subscribe({ afterSequence }, { signal: o.signal })) {
    o.lamp.green()
    if (event.fact?.$case === 'head') o.facts.learnHead(event.fact.value.epoch)
    else o.touched(await applyOrQuarantine(event, o))
  }
}

/** A fact that cannot be applied is a bug, here or there: its sector is held for a person, all others go on. */
async function applyOrQuarantine(event: minerV1.SubscribeResponse, o: FollowOptions): Promise<Touched> {
  try {
    return await applyEvent(event, o.sectors, o.pieces, o.now())
  } catch (error) {
    // The database's trouble is not the fact's: try again.
    if (!isOfTheFact(error)) throw error
    o.log.error('miner event not applied: passed over', { sequence: event.sequence, event, error })
    const text = `event ${event.sequence} of the miner (${event.fact?.$case}) could not be applied: ${error instanceof Error ? error.message : String(error)}`
    const value = event.fact?.value
    if (value !== undefined && 'sectorNumber' in value) await holdSector(value.sectorNumber, text, o)
    await skipEvent(event.sequence, o.db)
    return { sectors: [], pieces: [] }
  }
}

function isOfTheFact(error: unknown): boolean {
  return error instanceof WrongTransition || error instanceof TypeError || error instanceof RangeError
}

async function holdSector(sectorNumber: number, text: string, o: FollowOptions): Promise<void> {
  await writing(o.db, async (trx) => {
    const sector = await o.sectors.read(sectorNumber, trx)
    if (sector === undefined || !knows(sectorTransitions, sector.state, 'held')) return
    const failure = { code: 'EVENT_NOT_APPLIED', remedy: 'hold' as const, text }
    await o.sectors.move(trx, sector, 'held', {}, { nowMs: o.now(), failure })
  })
}

/** A database belongs to one miner for ever: another one's answers would mix two miners' sectors. */
async function learn(status: minerV1.GetStatusResponse, o: FollowOptions): Promise<void> {
  const id = idOf(parseAddress(status.miner))
  if (id === undefined) throw new TypeError(`the miner app calls itself ${status.miner}, not an ID address`)
  const known = await readFact(o.db, 'miner')
  const answered = `${status.networkName} ${status.miner}`
  if (known !== undefined && known !== answered) {
    throw new SealerError(
      { code: 'WRONG_MINER', known, answered },
      `this database is of ${known}, the miner app is ${answered}: use the state directory that belongs to it`,
    )
  }
  if (known === undefined) await setFact(o.db, 'miner', answered)
  o.facts.learnMiner({
    id,
    address: parseAddress(status.miner),
    networkName: status.networkName,
    sectorSizeBytes: status.sectorSize,
    keySetDigest: status.keySetDigest,
  })
  o.facts.learnHead(status.headEpoch)
}
