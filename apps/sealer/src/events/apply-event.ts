import type { minerV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { Kysely, Transaction } from 'kysely'
import { readFact, setFact } from '../facts.js'
import { remember } from '../history.js'
import type { PieceStore } from '../intake/piece-store.js'
import { bytesToHex } from '../pipeline/hex.js'
import type { SectorFacts, SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb } from '../sealer-db.js'
import { followPublication, keepPublication } from './apply-publication.js'
import { failureFrom } from './failure-from.js'
import { followTold, type Touched } from './follow-told.js'
import { keepTold, readTold } from './told-facts.js'

const nothing: Touched = { sectors: [], pieces: [] }

interface Rooms {
  sectors: SectorStore
  pieces: PieceStore
  nowMs: number
}

/**
 * Applies one fact of the miner's stream and stores its sequence in the same transaction: after a crash the stream goes on where the
 * rows are. A fact that the row already shows, or has outgrown, moves nothing.
 */
export async function applyEvent(
  event: minerV1.SubscribeResponse,
  sectors: SectorStore,
  pieces: PieceStore,
  nowMs: number,
): Promise<Touched> {
  return await writing(sectors.db, async (trx) => {
    if (event.sequence <= (await lastSequence(trx))) return nothing
    const touched = await apply(trx, event, { sectors, pieces, nowMs })
    await setFact(trx, 'last-event-sequence', String(event.sequence))
    return touched
  })
}

/** Passes over a fact that cannot be applied, so that it does not keep all later ones away. */
export async function skipEvent(sequence: number, db: Kysely<SealerDb>): Promise<void> {
  await writing(db, async (trx) => {
    if (sequence > (await lastSequence(trx))) await setFact(trx, 'last-event-sequence', String(sequence))
  })
}

export async function lastSequence(db: Kysely<SealerDb>): Promise<number> {
  return Number((await readFact(db, 'last-event-sequence')) ?? 0)
}

async function apply(
  trx: Transaction<SealerDb>,
  { fact, epoch }: minerV1.SubscribeResponse,
  rooms: Rooms,
): Promise<Touched> {
  switch (fact?.$case) {
    case 'publication': {
      const { requestId } = fact.value
      await keepPublication(trx, fact.value)
      const moved = await followPublication(trx, requestId, rooms.pieces, rooms.nowMs)
      return moved ? { sectors: [], pieces: [requestId] } : nothing
    }
    case 'preCommitLanded': {
      const { sectorNumber, turn, messageCid, preCommitEpoch, seedEpoch } = fact.value
      const landed = { messageCid, preCommitEpoch, seedEpoch }
      await keepTold(trx, sectorNumber, 'preCommit', { turn, landed, lost: null })
      return await followTold(trx, sectorNumber, rooms)
    }
    case 'seedReady': {
      const { sectorNumber, seedEpoch, seed, preCommitEpoch } = fact.value
      await keepTold(trx, sectorNumber, 'seed', { seedEpoch, seed: bytesToHex(seed), preCommitEpoch })
      return await followTold(trx, sectorNumber, rooms)
    }
    case 'proveCommitLanded': {
      const { sectorNumber, turn, ...landed } = fact.value
      await keepTold(trx, sectorNumber, 'proveCommit', { turn, landed, lost: null })
      return await followTold(trx, sectorNumber, rooms)
    }
    case 'stepLost': {
      const { sectorNumber, turn, refusal } = fact.value
      const step = stepNamed(fact.value.step)
      if (step === undefined) return nothing
      const lost = failureFrom(refusal) ?? {
        code: 'STEP_LOST',
        remedy: 'retry' as const,
        text: 'its message was lost',
      }
      await keepTold(trx, sectorNumber, step, { turn, landed: null, lost })
      return await followTold(trx, sectorNumber, rooms)
    }
    case 'stepReverted':
      return await stepReverted(trx, fact.value, rooms)
    case 'messageSent': {
      const { sectorNumber, messageCid } = fact.value
      const step = stepNamed(fact.value.step)
      const facts: SectorFacts =
        step === 'preCommit' ? { pre_commit_cid: messageCid } : { prove_commit_cid: messageCid }
      if (step !== undefined) await rooms.sectors.note(trx, sectorNumber, facts, rooms.nowMs)
      return nothing
    }
    case 'sectorProven': {
      const { sectorNumber, messageCid, provenEpoch } = fact.value
      const sector = await rooms.sectors.read(sectorNumber, trx)
      if (sector?.proven_epoch !== null) return nothing
      const facts = { window_post_cid: messageCid, proven_epoch: provenEpoch }
      await rooms.sectors.note(trx, sectorNumber, facts, rooms.nowMs)
      return { sectors: [sectorNumber], pieces: [] }
    }
    case 'sectorFaulty': {
      const sector = await rooms.sectors.read(fact.value.sectorNumber, trx)
      if (sector === undefined) return nothing
      await remember(trx, {
        thing: 'sector',
        subject: String(sector.sector_number),
        atMs: rooms.nowMs,
        event: 'faulty',
        state: sector.state,
        detail: fact.value.reason,
      })
      return nothing
    }
    case 'dealEnded':
    case 'head':
    case undefined:
      return nothing
  }
  throw new TypeError(`the miner told an unknown fact at epoch ${epoch}`)
}

/** A reorg took a landed message back. It keeps its turn: the very same request lands again, or is lost. */
async function stepReverted(
  trx: Transaction<SealerDb>,
  reverted: minerV1.StepReverted,
  rooms: Rooms,
): Promise<Touched> {
  const { sectorNumber } = reverted
  const step = stepNamed(reverted.step)
  if (step === undefined) return nothing
  const told = await readTold(trx, sectorNumber)
  await keepTold(trx, sectorNumber, step, { turn: told[step]?.turn ?? null, landed: null, lost: null })
  if (step === 'preCommit') await keepTold(trx, sectorNumber, 'seed', undefined)
  return await followTold(trx, sectorNumber, rooms)
}

function stepNamed(step: string): 'preCommit' | 'proveCommit' | undefined {
  return step === 'preCommit' || step === 'proveCommit' ? step : undefined
}
