import { pieceCid, sealedCid } from '@sealane/actors'
import type { SectorExpiration, SectorOnChainInfo } from '@sealane/chain'
import { formatFil, formatSize } from '@sealane/fil-units'
import type { SectorRow } from '@sealane/proto'
import { type ChainClock, epochTime, since } from './clock-time.js'
import { eventLog, type LogLine } from './deal-report.js'
import { failureText, progressText, waitingText } from './state-text.js'

export interface SectorView {
  readonly row: SectorRow
  readonly info?: SectorOnChainInfo | undefined
  readonly expiration?: SectorExpiration | undefined
  readonly log?: readonly LogLine[] | undefined
}

/** `sectors status`. Source: lotus v1.36 cmd/lotus-miner/sectors.go, as recorded; below it what lotus does not tell. */
export function sectorStatus(view: SectorView, o: { nowMs: number; clock: ChainClock | undefined }): string {
  const { row, info, expiration, log } = view
  const deals = row.pieces.flatMap((piece) => (piece.dealId === null ? [] : [piece.dealId]))
  const out = [
    `SectorID:\t${row.sectorNumber}`,
    `Status:\t\t${row.state}`,
    `CIDcommD:\t${commitment(row.commD, pieceCid) ?? '<nil>'}`,
    `CIDcommR:\t${commitment(row.commR, sealedCid) ?? '<nil>'}`,
    `Ticket:\t\t${hex(row.ticket)}`,
    `TicketH:\t${row.ticketEpoch ?? 0}`,
    `Seed:\t\t${hex(row.seed)}`,
    `SeedH:\t\t${row.seedEpoch ?? 0}`,
    `Precommit:\t${row.preCommitCid ?? '<nil>'}`,
    `Commit:\t\t${row.proveCommitCid ?? '<nil>'}`,
    `Deals:\t\t[${deals.join(' ')}]`,
  ]
  if (row.failure !== null) out.push(`Last Error:\t\t${failureText(row.failure)}`)
  out.push(`Since:\t\t${since(o.nowMs, row.stateSinceMs)}`)
  if (row.waiting !== null) out.push(`Waiting:\t${waitingText(row.waiting, o.nowMs, o.clock)}`)
  if (row.progress !== null) out.push(`Progress:\t${progressText(row.progress)}`)
  out.push(`Prover:\t\t${row.prover === '' ? '<nil>' : row.prover}`, `Storage:\t${row.storageId ?? '<nil>'}`)
  if (row.deadline !== null) out.push(`Deadline:\t${row.deadline}, partition ${row.partition ?? '?'}`)
  if (row.provenEpoch !== null) {
    out.push(
      `Proven:\t\t${epochTime(o.clock, row.provenEpoch)} by ${row.windowPostCid ?? 'an unknown message'}`,
    )
  }
  if (info) {
    out.push(
      '',
      'Sector On Chain Info',
      `SealProof:\t\t${info.sealProof.toString(16)}`,
      `Activation:\t\t${epochTime(o.clock, info.activation)}`,
      `Expiration:\t\t${epochTime(o.clock, info.expiration)}`,
      `DealWeight:\t\t${info.dealWeight}`,
      `VerifiedDealWeight:\t\t${info.verifiedDealWeight}`,
      `InitialPledge:\t\t${formatFil(info.initialPledge)}`,
    )
  }
  if (expiration)
    out.push('', 'Expiration Info', `OnTime:\t\t${expiration.onTime}`, `Early:\t\t${expiration.early}`)
  if (row.pieces.length > 0) {
    out.push('', 'Piece Activation Manifests')
    row.pieces.forEach((piece, index) => {
      const deal =
        piece.dealUuid === null
          ? ''
          : ` deal ${piece.dealUuid}${piece.dealId === null ? '' : ` (${piece.dealId})`}`
      out.push(
        `Piece ${index}: ${piece.pieceCid} ${formatSize(BigInt(piece.pieceSize))} at ${piece.offset}${deal}`,
      )
    })
  }
  const text = out.map((line) => `${line}\n`).join('')
  return log === undefined ? text : `${text}--------\nEvent Log:\n${eventLog(log)}`
}

/** Rows hold commitments as CIDs or as hex; people are shown CIDs. */
function commitment(text: string | null, make: (bytes: Uint8Array) => string): string | undefined {
  if (text === null) return undefined
  return /^[0-9a-f]{64}$/.test(text) ? make(Uint8Array.from(Buffer.from(text, 'hex'))) : text
}

/** Randomness as lotus prints it: hex, whichever way the row has it. */
function hex(text: string | null): string {
  if (text === null) return ''
  return /^[0-9a-f]{64}$/.test(text) ? text : Buffer.from(text, 'base64').toString('hex')
}
