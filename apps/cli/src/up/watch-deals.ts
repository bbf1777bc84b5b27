import type { ChainPort } from '@sealane/chain'
import { epoch } from '@sealane/fil-units'
import type { DealRow, MessageRow, SectorRow } from '@sealane/proto'
import { CliError } from '../cli-error.js'
import type { MadeDeal } from '../client/made-deal.js'
import type { operators } from '../connect/operators.js'
import { bar, type Teller } from './teller.js'
import { nextOpening, wallTime } from './wall-time.js'

type Apps = ReturnType<typeof operators>

/** How often the owners' rows are read. Unit: ms. */
const LOOK_MS = 250

/** One deal with everything its owners say of it. */
interface Seen {
  deal: DealRow
  sector: SectorRow | undefined
}

/**
 * Shows the life of the run's deals from their owners' rows until each is active and its sector has been proven.
 * Throws CliError RUN_FAILED, with the reason in the row, when one cannot be any more.
 */
export async function watchDeals(o: {
  apps: Apps
  chain: ChainPort
  deals: readonly MadeDeal[]
  teller: Teller
  /** On a chain that follows the wall's clock: when a sector's first deadline opens is worth telling. */
  wall: { blockDelaySeconds: number; miner: string } | undefined
  signal: AbortSignal
}): Promise<Seen[]> {
  const shown = new Map<string, string>()
  for (;;) {
    if (o.signal.aborted) throw o.signal.reason
    const seen = await look(o.apps, o.deals)
    for (const one of seen) tellChange(one, shown, o.teller)
    for (const { sector } of seen) if (sector) tellSector(sector, shown, o.teller)
    for (const { sector } of seen)
      if (sector && o.wall) await tellOpening(o.chain, o.wall, sector, shown, o.teller)
    await tellMessages(o.apps, shown, o.teller)
    const failed = seen.find(({ deal }) => ['Failed', 'Expired', 'Slashed'].includes(deal.state))
    if (failed) throw failure(failed.deal.dealUuid, failed.deal.failure?.text ?? failed.deal.state)
    const held = seen.find(({ sector }) => sector?.state === 'Held')
    if (held?.sector)
      throw failure(
        held.deal.dealUuid,
        `sector ${held.sector.sectorNumber} is held: ${held.sector.failure?.text ?? ''}`,
      )
    const done = seen.filter(({ deal }) => deal.activeEpoch !== null && deal.provenEpoch !== null)
    if (seen.length === o.deals.length && done.length === o.deals.length) return seen
    o.teller.status(await statusLine(o.apps, o.chain, seen, done.length, o.deals.length))
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

function failure(dealUuid: string, reason: string): CliError {
  return new CliError({ code: 'RUN_FAILED', reason }, `deal ${dealUuid} failed: ${reason}`)
}

async function look(apps: Apps, made: readonly MadeDeal[]): Promise<Seen[]> {
  const mine = new Set(made.map((deal) => deal.dealUuid))
  // An app that is being restarted is asked again: its rows are where they were.
  const rows = await apps.provider['deals.list']({ limit: 10_000 }).catch(() => [])
  const sectors = await apps.sealer['sectors.list']({}).catch(() => [])
  return rows
    .filter((row) => mine.has(row.dealUuid))
    .map((deal) => ({
      deal,
      sector: sectors.find((sector) => sector.pieces.some((piece) => piece.dealUuid === deal.dealUuid)),
    }))
}

function tellChange({ deal }: Seen, shown: Map<string, string>, teller: Teller): void {
  const key = `deal ${deal.dealUuid}`
  const facts = {
    state: deal.state,
    waitingFor: deal.waiting?.for ?? null,
    who: deal.waiting?.who ?? null,
    sinceMs: deal.stateSinceMs,
    publishCid: deal.publishCid,
    dealId: deal.dealId,
    sectorNumber: deal.sectorNumber,
    activeEpoch: deal.activeEpoch,
    provenEpoch: deal.provenEpoch,
    failure: deal.failure,
  }
  const now = JSON.stringify(facts)
  if (shown.get(key) === now) return
  const before = JSON.parse(shown.get(key) ?? '{}') as Partial<typeof facts>
  shown.set(key, now)
  const fresh = (fact: 'publishCid' | 'dealId' | 'sectorNumber' | 'activeEpoch' | 'provenEpoch') =>
    facts[fact] !== null && before[fact] !== facts[fact]
  const news = [
    fresh('publishCid') ? `PublishStorageDeals ${deal.publishCid}` : '',
    fresh('dealId') ? `deal id ${deal.dealId}` : '',
    fresh('sectorNumber') ? `sector ${deal.sectorNumber}` : '',
    fresh('activeEpoch') ? `active since epoch ${deal.activeEpoch}` : '',
    fresh('provenEpoch') ? `proven at epoch ${deal.provenEpoch}` : '',
  ].filter((text) => text !== '')
  const moved = before.state !== deal.state || news.length > 0
  const line = `deal ${deal.dealUuid.slice(0, 8)}  ${deal.state.padEnd(15)} ${news.join(', ')}`
  teller.tell({ event: 'deal', dealUuid: deal.dealUuid, ...facts }, moved ? line : undefined)
}

function tellSector(sector: SectorRow, shown: Map<string, string>, teller: Teller): void {
  const key = `sector ${sector.sectorNumber}`
  const facts = {
    state: sector.state,
    waitingFor: sector.waiting?.for ?? null,
    who: sector.waiting?.who ?? null,
    sinceMs: sector.stateSinceMs,
    preCommitCid: sector.preCommitCid,
    proveCommitCid: sector.proveCommitCid,
    provenEpoch: sector.provenEpoch,
    failure: sector.failure,
  }
  const now = JSON.stringify(facts)
  if (shown.get(key) === now) return
  const before = JSON.parse(shown.get(key) ?? '{}') as Partial<typeof facts>
  shown.set(key, now)
  const extra =
    sector.preCommitCid && before.preCommitCid !== sector.preCommitCid
      ? `PreCommit ${sector.preCommitCid}`
      : sector.proveCommitCid && before.proveCommitCid !== sector.proveCommitCid
        ? `ProveCommit ${sector.proveCommitCid}`
        : ''
  const failed = sector.failure && JSON.stringify(before.failure) !== JSON.stringify(sector.failure)
  const line = `sector ${String(sector.sectorNumber).padEnd(6)}  ${sector.state.padEnd(15)} ${failed ? sector.failure?.text : extra}`
  const worth = before.state !== sector.state || extra !== '' || failed
  teller.tell({ event: 'sector', sectorNumber: sector.sectorNumber, ...facts }, worth ? line : undefined)
}

/** Once a sector has its deadline: when that opens, by the wall's clock. */
async function tellOpening(
  chain: ChainPort,
  wall: { blockDelaySeconds: number; miner: string },
  { sectorNumber, deadline, provenEpoch }: SectorRow,
  shown: Map<string, string>,
  teller: Teller,
): Promise<void> {
  const key = `opening ${sectorNumber}`
  if (deadline === null || provenEpoch !== null || shown.has(key)) return
  const opening = await nextOpening(chain, wall.miner, deadline).catch(() => undefined)
  if (!opening) return
  shown.set(key, '')
  const inSeconds = opening.epochsLeft * wall.blockDelaySeconds
  teller.tell(
    { event: 'deadline', sectorNumber, deadline, opensEpoch: opening.epoch, inSeconds },
    `sector ${String(sectorNumber).padEnd(6)}  first WindowPoSt: deadline ${deadline} opens at epoch ${opening.epoch}, in ${wallTime(opening.epochsLeft, wall.blockDelaySeconds)}`,
  )
}

async function tellMessages(apps: Apps, shown: Map<string, string>, teller: Teller): Promise<void> {
  const messages: MessageRow[] = await apps.miner['messages.list']({ limit: 200 }).catch(() => [])
  for (const message of messages) {
    const key = `message ${message.uuid}`
    const now = `${message.state} ${message.cid} ${message.exitCode}`
    if (shown.get(key) === now) continue
    shown.set(key, now)
    const { uuid, state, cid, nonce, methodName, exitCode, includedEpoch } = message
    teller.tell(
      { event: 'message', uuid, state, cid, nonce, method: methodName, exitCode, includedEpoch },
      message.class === 'windowPost' && state === 'Confirmed'
        ? `message      WindowPoSt ${cid} accepted`
        : undefined,
    )
  }
}

async function statusLine(
  apps: Apps,
  chain: ChainPort,
  seen: Seen[],
  done: number,
  all: number,
): Promise<string> {
  const head = await chain.head().catch(() => ({ height: epoch(0) }))
  const workers = await apps.sealer['sealing.workers']({}).catch(() => [])
  const making = workers.find((worker) => worker.progress)?.progress
  const working = seen.map(({ sector }) => sector).find((sector) => sector?.progress)
  const parts = [`epoch ${head.height}`, `${done} of ${all} proven`]
  if (working?.progress) {
    const { stage, fraction } = working.progress
    parts.push(`sector ${working.sectorNumber}: ${stage} ${fraction ? bar(fraction) : ''}`)
  } else {
    const waiting = seen.map(({ sector, deal }) => sector?.waiting ?? deal.waiting).find((wait) => wait)
    if (waiting) parts.push(`waiting for ${waiting.for} (${waiting.who})`)
    else {
      const proving = seen.find(
        ({ sector }) => sector?.state === 'Proving' && sector.provenEpoch === null,
      )?.sector
      if (proving)
        parts.push(
          `waiting for the first WindowPoSt of sector ${proving.sectorNumber} (deadline ${proving.deadline})`,
        )
    }
  }
  if (making) parts.push(`${making.stage} ${bar(making.fraction ?? 0)}`)
  return parts.join('  ·  ')
}
