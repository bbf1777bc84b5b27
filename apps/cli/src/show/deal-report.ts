import type { DealRow, Failure, MessageRow, PieceRow, SectorRow, Waiting } from '@sealane/proto'
import { type ChainClock, epochTime, goTime, since, stamp } from './clock-time.js'
import { dealStateName } from './deals-table.js'
import { facts } from './facts.js'
import { failureText, progressText, waitingText } from './state-text.js'

export interface LogLine {
  atMs: number
  event: string
  state: string
  detail: string
}

export interface Publication {
  requestId: string
  proposalCid: string
  state: string
  stateSinceMs: number
  waiting: Waiting | null
  failure: Failure | null
  messageCid: string | null
  dealId: number | null
}

/** What each app knows of a deal; undefined: that app did not answer or has not met it yet. */
export interface DealView {
  deal: DealRow
  log: readonly LogLine[]
  piece?: PieceRow | undefined
  publication?: Publication | undefined
  publishMessage?: MessageRow | undefined
  sector?: SectorRow | undefined
  /** Apps that could not be asked, with the reason. */
  silent: readonly { app: string; reason: string }[]
}

/** Every name the deal goes by. Source: S11 of the operator notes. */
export function dealNames(deal: DealRow): string {
  return facts([
    ['Deal UUID', deal.dealUuid],
    ['State', `${dealStateName(deal.state)} (${deal.state})`],
    ['Signed proposal CID', `${deal.signedProposalCid}  (what "client deal" prints; no message)`],
    ['Proposal CID', `${deal.proposalCid}  (on chain, in the market actor)`],
    ['Piece CID', deal.pieceCid],
    ['Client', deal.client],
    ['Provider', deal.provider],
    ['Publish message', deal.publishCid],
    ['Deal ID', deal.dealId],
    [
      'Sector',
      deal.sectorNumber === null
        ? null
        : `${deal.sectorNumber}${deal.sectorState ? ` (${deal.sectorState})` : ''}`,
    ],
    ['PreCommit message', deal.preCommitCid],
    ['ProveCommit message', deal.proveCommitCid],
    ['WindowPoSt message', deal.windowPostCid],
    ['Active since epoch', deal.activeEpoch],
    ['Proven at epoch', deal.provenEpoch],
  ])
}

/** `deals why`: what keeps the deal where it is, in the words of the app that has it. Source: S6, S13 of the operator notes. */
export function dealWhy(view: DealView, o: { nowMs: number; clock: ChainClock | undefined }): string {
  const { deal } = view
  const head = `Deal ${deal.dealUuid}  ${dealStateName(deal.state)} for ${since(o.nowMs, deal.stateSinceMs)}\n`
  const reasons = blockers(view, o)
  const why =
    reasons.length === 0
      ? `Nothing holds it: ${settled(deal)}\n`
      : reasons.map(([who, text]) => `  ${`${who}:`.padEnd(13)}${text}\n`).join('')
  const history = view.log.map(
    (line) =>
      `  ${stamp(line.atMs)}  ${line.event} → ${line.state}${line.detail ? `  ${line.detail}` : ''}\n`,
  )
  return [
    head,
    why,
    history.length === 0 ? '' : `History\n${history.join('')}`,
    ...view.silent.map(({ app, reason }) => `(${app} not asked: ${reason})\n`),
  ].join('')
}

function settled(deal: DealRow): string {
  if (deal.state === 'Active') return 'the chain says it is active'
  if (deal.state === 'Expired' || deal.state === 'Slashed') return 'it has ended'
  return 'it is being worked on'
}

/** The nearest blocker last: who has it, and its own words. */
export function blockers(
  view: DealView,
  o: { nowMs: number; clock: ChainClock | undefined },
): [string, string][] {
  const { deal, piece, publication, publishMessage, sector } = view
  const found: [string, string][] = []
  const add = (who: string, row: { waiting: Waiting | null; failure: Failure | null } | undefined) => {
    if (row?.failure) found.push([who, failureText(row.failure)])
    if (row?.waiting) found.push([who, `waiting for ${waitingText(row.waiting, o.nowMs, o.clock)}`])
  }
  add('provider', deal)
  if (deal.state === 'Transferring' && BigInt(deal.transferSize) > 0n) {
    const percent = (BigInt(deal.receivedBytes) * 100n) / BigInt(deal.transferSize)
    found.push(['transfer', `${deal.receivedBytes} of ${deal.transferSize} bytes (${percent}%)`])
  }
  const ended = ['Active', 'Expired', 'Slashed', 'Failed'].includes(deal.state)
  if (!ended && deal.startEpoch > 0)
    found.push(['deadline', `it must be in a proven sector by epoch ${epochTime(o.clock, deal.startEpoch)}`])
  add('sealer', piece)
  add('publication', publication)
  if (publishMessage && deal.dealId === null) {
    found.push([
      'message',
      `${publishMessage.state}, nonce ${publishMessage.nonce ?? 'not given yet'}, ${publishMessage.cid ?? 'not signed yet'}`,
    ])
    add('message', publishMessage)
  }
  if (sector && deal.state !== 'Active') {
    const progress = sector.progress === null ? '' : `, ${progressText(sector.progress)}`
    found.push([
      `sector ${sector.sectorNumber}`,
      `${sector.state} for ${since(o.nowMs, sector.stateSinceMs)}${progress}`,
    ])
    add(`sector ${sector.sectorNumber}`, sector)
  }
  return deal.state === 'Active' ? [] : found
}

/** Event log lines as `sectors status --log` prints them. */
export function eventLog(log: readonly LogLine[]): string {
  return log
    .map(
      (line, index) =>
        `${index}.\t${goTime(line.atMs)}:\t[event;${line.event}]\t${line.state}${line.detail ? ` ${line.detail}` : ''}\n`,
    )
    .join('')
}
