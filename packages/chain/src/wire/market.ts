import { paddedSize } from '@sealane/fil-units'
import {
  address,
  cid,
  converted,
  flag,
  height,
  money,
  type Read,
  record,
  text,
  whole,
  wholeBig,
} from './wire.js'

export type MarketBalance = Read<typeof marketBalance>
/** Money held by the market actor: `escrow` is all of it, `locked` the part that deals hold. */
export const marketBalance = record({ escrow: ['Escrow', money], locked: ['Locked', money] })

export type CollateralBounds = Read<typeof collateralBounds>
export const collateralBounds = record({ min: ['Min', money], max: ['Max', money] })

const dealProposal = record({
  pieceCid: ['PieceCID', cid],
  pieceSize: ['PieceSize', converted(wholeBig, paddedSize, (size) => size)],
  verifiedDeal: ['VerifiedDeal', flag],
  client: ['Client', address],
  provider: ['Provider', address],
  label: ['Label', text],
  startEpoch: ['StartEpoch', height],
  endEpoch: ['EndEpoch', height],
  storagePricePerEpoch: ['StoragePricePerEpoch', money],
  providerCollateral: ['ProviderCollateral', money],
  clientCollateral: ['ClientCollateral', money],
})

/** Epochs are -1 until they happen. */
const dealState = record({
  sectorNumber: ['SectorNumber', whole],
  sectorStartEpoch: ['SectorStartEpoch', height],
  lastUpdatedEpoch: ['LastUpdatedEpoch', height],
  slashEpoch: ['SlashEpoch', height],
})

export type MarketDeal = Read<typeof marketDeal>
/** A published deal; lotus prints a label of raw bytes as an empty string. */
export const marketDeal = record({ proposal: ['Proposal', dealProposal], state: ['State', dealState] })
