import {
  idAddress,
  type SectorContentChangedParams,
  sectorContentChangedParams,
  sectorContentChangedReturn,
  uint,
} from '@sealane/actors'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import type { Runtime } from '../run/runtime.js'
import type { ChainTables } from '../state/chain-tables.js'
import { union } from '../state/sector-set.js'

type Change = SectorContentChangedParams[number]
type Piece = Change['added'][number]

/** A miner tells of new sectors: pieces that name a published deal, and match it, activate it. Each for itself. */
export function sectorContentChanged(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const changes = decodeParams(sectorContentChangedParams, bytes)
  if (runtime.state.miners[runtime.caller] === undefined) {
    abort(exitCode.forbidden, `caller ${idAddress(runtime.caller)} cannot be of type account`)
  }
  const answer = runtime.update((draft) =>
    changes.map((change) => change.added.map((piece) => activate(draft, runtime, change, piece))),
  )
  return sectorContentChangedReturn.encode(answer)
}

function activate(draft: ChainTables, runtime: Runtime, change: Change, piece: Piece): boolean {
  const { market } = draft
  const id = dealIdOf(piece.payload)
  const deal = id === undefined ? undefined : market.deals[id]
  if (id === undefined || deal === undefined) return false
  const { proposal } = deal
  const mayActivate =
    deal.provider === runtime.caller &&
    runtime.epoch <= proposal.startEpoch &&
    proposal.endEpoch <= change.minimumCommitmentEpoch &&
    deal.state === undefined &&
    market.pendingProposals[deal.proposalCid] === true &&
    piece.data === proposal.pieceCid &&
    piece.size === proposal.pieceSize
  if (!mayActivate) return false

  deal.state = {
    sectorNumber: change.sector,
    sectorStartEpoch: runtime.epoch,
    lastUpdatedEpoch: -1,
    slashEpoch: -1,
  }
  let bySector = market.sectorDeals[deal.provider]
  if (bySector === undefined) {
    bySector = {}
    market.sectorDeals[deal.provider] = bySector
  }
  bySector[change.sector] = union(bySector[change.sector] ?? [], [id])
  return true
}

function dealIdOf(payload: Uint8Array): number | undefined {
  try {
    return uint.decode(payload)
  } catch {
    return undefined
  }
}
