import { randomUUID } from 'node:crypto'
import type { Health, Queues } from '@sealane/host'
import type { SectorEvent, SectorState } from '@sealane/lifecycle'
import type { minerV1, OperatorHandlers, sealerOperator } from '@sealane/proto'
import { writing } from '@sealane/sql'
import type { Transaction } from 'kysely'
import { pledgeSector } from '../admission/admit-piece.js'
import { readLimits, setLimits } from '../admission/limits.js'
import { stockNumber } from '../admission/sector-numbers.js'
import type { HomeFacts } from '../events/home-facts.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb, Sector } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'
import { pieceRow, sectorRow } from './sector-row.js'
import { unsealSector } from './unseal-sector.js'

export interface OperatorTools {
  store: SectorStore
  facts: HomeFacts
  miner: minerV1.MinerServiceClient
  queues: Queues
  health: Health
  hubDir: string
  incarnation: string
  waitDealsMs: number
  now: () => number
  signal: AbortSignal
  nudge: (sectorNumber: number) => void
  /** Limits changed or a place was freed: look at waiting pieces. */
  lookAtPieces: () => void
}

/** Where a held sector goes on, by the state that held it. */
const releases: Readonly<Partial<Record<SectorState, SectorEvent>>> = {
  WaitDeals: 'packingRetried',
  Packing: 'packingRetried',
  GetTicket: 'ticketRedrawn',
  PreCommit1: 'ticketRedrawn',
  PreCommit2: 'preCommit2Retried',
  SubmitPreCommit: 'preCommitRetried',
  PreCommitWait: 'preCommitRetried',
  WaitSeed: 'seedAwaited',
  Commit1: 'commitRetried',
  Commit2: 'commitRetried',
  SubmitProveCommit: 'proveCommitRetried',
  ProveCommitWait: 'proveCommitRetried',
  FinalizeSector: 'finalizeRetried',
}

export function operatorHandlers(tools: OperatorTools): OperatorHandlers<typeof sealerOperator> {
  const { store, now } = tools
  const { db } = store
  const minerKnown = () => {
    if (tools.facts.miner) return tools.facts.miner
    throw new SealerError(
      { code: 'MINER_NOT_READY', waitingFor: 'the miner app' },
      'the miner app is not ready yet',
    )
  }
  const sector = async (sectorNumber: number): Promise<Sector> => {
    const found = await store.read(sectorNumber)
    if (found) return found
    throw new SealerError({ code: 'NO_SUCH_SECTOR', sector: sectorNumber }, `no sector ${sectorNumber}`)
  }
  const shown = async (found: Sector) => {
    const pieces = await db
      .selectFrom('pieces')
      .selectAll()
      .where('sector_number', '=', found.sector_number)
      .orderBy('padded_offset')
      .execute()
    const claim = await db
      .selectFrom('claims')
      .selectAll()
      .where('sector_number', '=', found.sector_number)
      .where('turn', '=', found.turn)
      .where('state', '=', 'running')
      .executeTakeFirst()
    return sectorRow(found, pieces, claim)
  }
  const moved = async (found: Sector, event: SectorEvent, detail: string) => {
    await writing(db, (trx: Transaction<SealerDb>) =>
      store.move(trx, found, event, {}, { nowMs: now(), detail }),
    )
    tools.nudge(found.sector_number)
    return await shown(await sector(found.sector_number))
  }
  return {
    health: async () => tools.health.report(),
    status: async () => ({
      miner: tools.facts.miner?.address ?? '',
      sectorSize: String(tools.facts.miner?.sectorSizeBytes ?? 0),
      headEpoch: tools.facts.headEpoch ?? null,
      limits: await readLimits(db),
    }),
    'pieces.list': async () =>
      (await db.selectFrom('pieces').selectAll().orderBy('state_since_ms').execute()).map(pieceRow),
    'sectors.list': async ({ state, after, limit }) => {
      const found = await db
        .selectFrom('sectors')
        .selectAll()
        .where('sector_number', '>', after ?? -1)
        .$if(state !== undefined, (query) => query.where('state', '=', state as SectorState))
        .orderBy('sector_number')
        .limit(limit ?? 1000)
        .execute()
      return await Promise.all(found.map(shown))
    },
    'sectors.get': async ({ sectorNumber }) => await shown(await sector(sectorNumber)),
    'sectors.log': async ({ sectorNumber }) => {
      const lines = await db
        .selectFrom('history')
        .selectAll()
        .where('thing', '=', 'sector')
        .where('subject', '=', String(sectorNumber))
        .orderBy('id')
        .execute()
      return lines.map((line) => ({
        atMs: line.at_ms,
        event: line.event,
        state: line.state,
        detail: line.detail,
      }))
    },
    'sectors.pledge': async ({ requestId }) => {
      const miner = minerKnown()
      const id = requestId ?? randomUUID()
      const options = { sectorSizeBytes: miner.sectorSizeBytes, waitDealsMs: tools.waitDealsMs, now }
      let answer = await writing(db, (trx) => pledgeSector(trx, id, options))
      if (!answer.admitted && answer.needNumber) {
        await stockNumber(db, tools.miner, tools.incarnation, tools.signal)
        answer = await writing(db, (trx) => pledgeSector(trx, id, options))
      }
      if (!answer.admitted) throw new SealerError({ code: 'SECTOR_LIMIT', text: answer.why }, answer.why)
      tools.nudge(answer.sectorNumber)
      return { sectorNumber: answer.sectorNumber }
    },
    'sectors.seal': async ({ sectorNumber }) => {
      const found = await sector(sectorNumber)
      if (found.state !== 'WaitDeals') {
        const facts = {
          code: 'NOT_NOW',
          sector: sectorNumber,
          state: found.state,
          wanted: 'WaitDeals',
        } as const
        throw new SealerError(
          facts,
          `sector ${sectorNumber} is ${found.state}: only an open sector (WaitDeals) can be closed`,
        )
      }
      return await moved(found, 'closed', 'sectors seal')
    },
    'sectors.release': async ({ sectorNumber }) => {
      const found = await sector(sectorNumber)
      const event = found.held_from === null ? undefined : releases[found.held_from]
      if (found.state !== 'Held' || event === undefined) {
        const facts = { code: 'NOT_NOW', sector: sectorNumber, state: found.state, wanted: 'Held' } as const
        throw new SealerError(facts, `sector ${sectorNumber} is ${found.state}: nothing holds it`)
      }
      return await moved(found, event, 'sectors release')
    },
    'sectors.unseal': async ({ sectorNumber, offset, length, path }) => {
      await unsealSector({ sectorNumber, offset: Number(offset), length: Number(length), path }, { ...tools })
      return { bytes: length }
    },
    'sealing.jobs': async () => {
      const claims = await db
        .selectFrom('claims')
        .selectAll()
        .where('state', '=', 'running')
        .orderBy('started_ms')
        .execute()
      return claims.map((claim) => ({
        claimId: claim.claim_id,
        sectorNumber: claim.sector_number,
        task: claim.task,
        workerId: claim.worker_id,
        hostname: claim.hostname,
        state: claim.state,
        startedMs: claim.started_ms,
        progress: claim.stage ? { stage: claim.stage, fraction: claim.fraction } : null,
      }))
    },
    'sealing.workers': async () => {
      const workers = await db.selectFrom('workers').selectAll().orderBy('worker_id').execute()
      return workers.map((worker) => ({
        workerId: worker.worker_id,
        hostname: worker.hostname,
        tasks: JSON.parse(worker.tasks) as string[],
        concurrency: JSON.parse(worker.concurrency) as Record<string, number>,
        paths: (JSON.parse(worker.paths) as { id: string }[]).map((path) => path.id),
        prover: worker.prover,
        version: worker.version,
        lastSeenMs: worker.last_seen_ms,
        alive: now() - worker.last_seen_ms < 60_000,
        progress: worker.stage ? { stage: worker.stage, fraction: worker.fraction } : null,
      }))
    },
    'sealing.setLimits': async (changes) => {
      await writing(db, (trx) => setLimits(trx, changes, now()))
      tools.lookAtPieces()
      return await readLimits(db)
    },
    'sealing.limitsLog': async () => {
      const lines = await db.selectFrom('limits_log').selectAll().orderBy('id').execute()
      return lines.map((line) => ({
        atMs: line.at_ms,
        event: line.event,
        sectorNumber: line.sector_number,
        inFlightDealSectors: line.in_flight_deals,
        dealConcurrent: line.deal_concurrent,
      }))
    },
  }
}
