import { knows, pieceTransitions, type SectorEvent, sectorTransitions } from '@sealane/lifecycle'
import type { Failure } from '@sealane/proto'
import { minerV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { Transaction } from 'kysely'
import type { PieceStore } from '../intake/piece-store.js'
import { bytesToHex } from '../pipeline/hex.js'
import type { SectorFacts, SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb, Sector } from '../sealer-db.js'

export const LAST_EVENT = 'last-event-sequence'

/** Which rows an event touched, to look at them at once. */
export interface Touched {
  sectors: number[]
  pieces: string[]
}

/**
 * Applies one fact of the miner's stream and stores its sequence in the same transaction: after a crash the stream goes on where the
 * rows are. A fact that the row already shows, or has outgrown, changes nothing.
 */
export async function applyEvent(
  event: minerV1.SubscribeResponse,
  sectors: SectorStore,
  pieces: PieceStore,
  nowMs: number,
): Promise<Touched> {
  return await writing(sectors.db, async (trx) => {
    const last = await lastSequence(trx)
    if (event.sequence <= last) return { sectors: [], pieces: [] }
    const touched = await apply(trx, event, sectors, pieces, nowMs)
    await trx
      .insertInto('facts')
      .values({ name: LAST_EVENT, value: String(event.sequence) })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: String(event.sequence) }))
      .execute()
    return touched
  })
}

export async function lastSequence(db: Pick<Transaction<SealerDb>, 'selectFrom'>): Promise<number> {
  const row = await db.selectFrom('facts').select('value').where('name', '=', LAST_EVENT).executeTakeFirst()
  return Number(row?.value ?? 0)
}

async function apply(
  trx: Transaction<SealerDb>,
  { fact, epoch }: minerV1.SubscribeResponse,
  sectors: SectorStore,
  pieces: PieceStore,
  nowMs: number,
): Promise<Touched> {
  switch (fact?.$case) {
    case 'publication':
      return await applyPublication(trx, fact.value, pieces, nowMs)
    case 'messageSent': {
      const { sectorNumber, step, messageCid } = fact.value
      const facts: SectorFacts | undefined =
        step === 'preCommit'
          ? { pre_commit_cid: messageCid }
          : step === 'proveCommit'
            ? { prove_commit_cid: messageCid }
            : undefined
      if (facts) await sectors.note(trx, sectorNumber, facts, nowMs)
      return { sectors: [], pieces: [] }
    }
    case 'preCommitLanded': {
      const landed = fact.value
      return await moveIf(trx, landed.sectorNumber, ['preCommitLanded'], sectors, nowMs, {
        pre_commit_cid: landed.messageCid,
        pre_commit_epoch: landed.preCommitEpoch,
        seed_epoch: landed.seedEpoch,
      })
    }
    case 'seedReady': {
      const ready = fact.value
      const sector = await sectors.read(ready.sectorNumber, trx)
      const seed = bytesToHex(ready.seed)
      // The same seed again (a repeat after a reorg that changed nothing) must not throw away a proof.
      if (!sector || (sector.seed === seed && sector.seed_epoch === ready.seedEpoch))
        return { sectors: [], pieces: [] }
      return await moveIf(trx, ready.sectorNumber, ['seedReady', 'seedChanged'], sectors, nowMs, {
        seed,
        seed_epoch: ready.seedEpoch,
        pre_commit_epoch: ready.preCommitEpoch,
        c1_bytes: null,
        proof: null,
      })
    }
    case 'proveCommitLanded': {
      const landed = fact.value
      const touched = await moveIf(trx, landed.sectorNumber, ['proveCommitLanded'], sectors, nowMs, {
        prove_commit_cid: landed.messageCid,
        activation_epoch: landed.activationEpoch,
        expiration: landed.expiration,
        deadline: landed.deadline,
        partition: landed.partition,
      })
      await applyActivation(trx, landed, sectors, pieces, nowMs)
      return touched
    }
    case 'stepLost': {
      const { sectorNumber, step, turn, refusal } = fact.value
      const sector = await sectors.read(sectorNumber, trx)
      // The turn grows by one when the request was sent: an older loss is of an older request.
      if (!sector || sector.turn > turn + 1) return { sectors: [], pieces: [] }
      const failure = failureFrom(refusal)
      if (failure?.remedy === 'hold' || failure?.remedy === 'drop') {
        return await moveSectorIf(trx, sector, ['held'], sectors, nowMs, {}, failure)
      }
      const lost: SectorEvent[] = step === 'preCommit' ? ['preCommitLost'] : ['proveCommitLost']
      return await moveSectorIf(trx, sector, lost, sectors, nowMs, {}, failure)
    }
    case 'stepReverted': {
      const { sectorNumber, step } = fact.value
      const reverted: SectorEvent[] = step === 'preCommit' ? ['preCommitReverted'] : ['proveCommitReverted']
      return await moveIf(trx, sectorNumber, reverted, sectors, nowMs, {})
    }
    case 'sectorProven': {
      const { sectorNumber, messageCid, provenEpoch } = fact.value
      const sector = await sectors.read(sectorNumber, trx)
      if (sector && sector.proven_epoch === null) {
        await sectors.note(
          trx,
          sectorNumber,
          { window_post_cid: messageCid, proven_epoch: provenEpoch },
          nowMs,
        )
      }
      return { sectors: [], pieces: [] }
    }
    case 'sectorFaulty':
    case 'dealEnded':
    case 'head':
    case undefined:
      return { sectors: [], pieces: [] }
  }
  throw new Error(`the miner told an unknown fact at epoch ${epoch}`)
}

async function moveIf(
  trx: Transaction<SealerDb>,
  sectorNumber: number,
  events: SectorEvent[],
  sectors: SectorStore,
  nowMs: number,
  facts: SectorFacts,
): Promise<Touched> {
  const sector = await sectors.read(sectorNumber, trx)
  return sector
    ? await moveSectorIf(trx, sector, events, sectors, nowMs, facts, undefined)
    : { sectors: [], pieces: [] }
}

/** Takes the first of `events` that the sector's state knows. None: the row has outgrown the fact. */
async function moveSectorIf(
  trx: Transaction<SealerDb>,
  sector: Sector,
  events: SectorEvent[],
  sectors: SectorStore,
  nowMs: number,
  facts: SectorFacts,
  failure: Failure | undefined,
): Promise<Touched> {
  const event = events.find((name) => knows(sectorTransitions, sector.state, name))
  if (event === undefined) return { sectors: [], pieces: [] }
  await sectors.move(trx, sector, event, facts, { nowMs, ...(failure === undefined ? {} : { failure }) })
  return { sectors: [sector.sector_number], pieces: [] }
}

async function applyPublication(
  trx: Transaction<SealerDb>,
  publication: minerV1.PublicationChanged,
  pieces: PieceStore,
  nowMs: number,
): Promise<Touched> {
  const piece = await pieces.read(publication.requestId, trx)
  if (!piece) return { sectors: [], pieces: [] }
  const facts = {
    publication_state: publication.state,
    publish_cid: publication.messageCid === '' ? piece.publish_cid : publication.messageCid,
  }
  const failure = failureFrom(publication.refusal)
  const told =
    publication.state === 'Published'
      ? ('published' as const)
      : publication.state === 'Refused'
        ? ('dropped' as const)
        : publication.state === 'Sent' && piece.state === 'Published'
          ? ('publishReverted' as const)
          : undefined
  if (told === undefined || !knows(pieceTransitions, piece.state, told)) {
    await pieces.note(trx, piece.deal_uuid, facts, nowMs)
    return { sectors: [], pieces: [] }
  }
  const dealId = told === 'published' ? { deal_id: publication.dealId } : {}
  await pieces.move(
    trx,
    piece,
    told,
    { ...facts, ...dealId },
    { nowMs, ...(failure === undefined ? {} : { failure }) },
  )
  return { sectors: [], pieces: [piece.deal_uuid] }
}

/** A sector can be on chain with a deal of it not active: the market's own answer decides, deal by deal. */
async function applyActivation(
  trx: Transaction<SealerDb>,
  landed: minerV1.ProveCommitLanded,
  sectors: SectorStore,
  pieces: PieceStore,
  nowMs: number,
): Promise<void> {
  const inside = await trx
    .selectFrom('pieces')
    .selectAll()
    .where('sector_number', '=', landed.sectorNumber)
    .where('state', '=', 'InSector')
    .execute()
  for (const piece of inside) {
    if (piece.deal_id === null) continue
    if (landed.activeDeals.includes(piece.deal_id)) {
      await pieces.move(trx, piece, 'activated', {}, { nowMs, detail: `sector ${landed.sectorNumber}` })
    } else if (landed.inactiveDeals.includes(piece.deal_id)) {
      const facts = { sector_number: null, padded_offset: null }
      await pieces.move(trx, piece, 'unpacked', facts, {
        nowMs,
        detail: `not activated in sector ${landed.sectorNumber}`,
      })
    }
  }
  await sectors.note(trx, landed.sectorNumber, {}, nowMs)
}

function failureFrom(refusal: minerV1.Refusal | undefined): Failure | undefined {
  if (refusal === undefined || refusal.code === '') return undefined
  const remedy =
    (['retry', 'hold', 'drop', 'halt'] as const).find((word) => word === refusal.remedy) ?? 'hold'
  return { code: refusal.code, remedy, text: refusal.text }
}
