import { randomUUID } from 'node:crypto'
import type { SectorEvent, SectorState } from '@sealane/lifecycle'
import type { OperatorHandlers, SectorRow, sealerOperator } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { sql } from 'kysely'
import { pledgeSector } from '../admission/pledge-sector.js'
import { NUMBER_TRIES } from '../admission/sector-numbers.js'
import type { SectorStore } from '../pipeline/sector-store.js'
import type { Sector } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'
import { unsealSector } from '../unseal/unseal-sector.js'
import type { OperatorTools } from './operator-tools.js'
import { sectorRow } from './rows.js'

type SectorHandlers = Pick<
  OperatorHandlers<typeof sealerOperator>,
  | 'sectors.list'
  | 'sectors.get'
  | 'sectors.log'
  | 'sectors.pledge'
  | 'sectors.seal'
  | 'sectors.release'
  | 'sectors.unseal'
>

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

/** Sectors, one by one. */
export function sectorHandlers(tools: OperatorTools): SectorHandlers {
  const { store } = tools
  return {
    'sectors.list': async ({ state, after, limit }) => {
      const found = await store.db
        .selectFrom('sectors')
        .selectAll()
        .where('sector_number', '>', after ?? -1)
        .$if(state !== undefined, (query) => query.where('state', '=', state as SectorState))
        .orderBy('sector_number')
        .limit(limit ?? 1000)
        .execute()
      return await Promise.all(found.map((sector) => shown(sector, store)))
    },
    'sectors.get': async ({ sectorNumber }) => await shown(await known(sectorNumber, store), store),
    'sectors.log': async ({ sectorNumber }) => {
      const lines = await store.db
        .selectFrom('history')
        .selectAll()
        .where('thing', '=', 'sector')
        .where('subject', '=', String(sectorNumber))
        .orderBy('id')
        .execute()
      return lines.map(({ at_ms: atMs, event, state, detail }) => ({ atMs, event, state, detail }))
    },
    'sectors.pledge': async ({ requestId }) => await pledge(requestId ?? randomUUID(), tools),
    'sectors.seal': async ({ sectorNumber }) => {
      const sector = await known(sectorNumber, store)
      if (sector.state === 'WaitDeals') return await moved(sector, 'closed', 'sectors seal', tools)
      throw notNow(sector, 'WaitDeals', 'only an open sector (WaitDeals) can be closed')
    },
    'sectors.release': async ({ sectorNumber }) => {
      const sector = await known(sectorNumber, store)
      const event = sector.held_from === null ? undefined : releases[sector.held_from]
      if (sector.state === 'Held' && event !== undefined)
        return await moved(sector, event, 'sectors release', tools)
      throw notNow(sector, 'Held', 'nothing holds it')
    },
    'sectors.unseal': async ({ sectorNumber, offset, length, path }) => {
      await unsealSector({ sectorNumber, offset: Number(offset), length: Number(length), path }, tools)
      return { bytes: length }
    },
  }
}

async function known(sectorNumber: number, store: SectorStore): Promise<Sector> {
  const sector = await store.read(sectorNumber)
  if (sector) return sector
  throw new SealerError({ code: 'NO_SUCH_SECTOR', sector: sectorNumber }, `no sector ${sectorNumber}`)
}

function notNow({ sector_number: sector, state }: Sector, wanted: SectorState, why: string): SealerError {
  return new SealerError({ code: 'NOT_NOW', sector, state, wanted }, `sector ${sector} is ${state}: ${why}`)
}

async function shown(sector: Sector, { db }: SectorStore): Promise<SectorRow> {
  const pieces = await db
    .selectFrom('pieces')
    .selectAll()
    .where('sector_number', '=', sector.sector_number)
    .orderBy('padded_offset')
    .execute()
  const claim = await db
    .selectFrom('claims')
    .selectAll()
    .where('sector_number', '=', sector.sector_number)
    .where('turn', '=', sector.turn)
    .where('state', '=', sql.lit('running'))
    .executeTakeFirst()
  return sectorRow(sector, pieces, claim)
}

async function moved(
  sector: Sector,
  event: SectorEvent,
  detail: string,
  { store, now, nudgeSector }: OperatorTools,
): Promise<SectorRow> {
  await writing(store.db, (trx) => store.move(trx, sector, event, {}, { nowMs: now(), detail }))
  nudgeSector(sector.sector_number)
  return await shown(await known(sector.sector_number, store), store)
}

async function pledge(requestId: string, tools: OperatorTools): Promise<{ sectorNumber: number }> {
  const { facts, numbers, store, now } = tools
  if (facts.miner === undefined) {
    throw new SealerError(
      { code: 'MINER_NOT_READY', waitingFor: 'the miner app' },
      'the miner app is not ready yet',
    )
  }
  const { sectorSizeBytes } = facts.miner
  const ask = () =>
    writing(store.db, (trx) => pledgeSector(trx, requestId, { sectorSizeBytes, numbers, nowMs: now() }))
  let answer = await ask()
  // Somebody else may be quicker with the number that we asked for.
  for (let tries = 0; !answer.pledged && answer.needNumber && tries < NUMBER_TRIES; tries += 1) {
    await numbers.stock()
    answer = await ask()
  }
  if (!answer.pledged) throw new SealerError({ code: 'SECTOR_LIMIT', text: answer.why }, answer.why)
  tools.nudgeSector(answer.sectorNumber)
  return { sectorNumber: answer.sectorNumber }
}
