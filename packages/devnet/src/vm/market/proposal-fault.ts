import {
  cidParts,
  type DealProposal,
  MAX_LABEL_BYTES,
  multicodec,
  multihash,
  TOTAL_FILECOIN,
} from '@sealane/actors'
import { providerCollateralBounds } from '../economics/network-economics.js'
import { policy } from '../policy.js'
import type { ChainState } from '../state/chain-state.js'

/** Why the market will not publish a proposal, looking at nothing but the proposal; undefined when it will. */
export function proposalFault(state: ChainState, proposal: DealProposal, epoch: number): string | undefined {
  const { label, pieceSize, startEpoch, endEpoch, storagePricePerEpoch } = proposal
  const labelBytes = typeof label === 'string' ? new TextEncoder().encode(label).length : label.length
  if (labelBytes > MAX_LABEL_BYTES) {
    return `deal label can be at most ${MAX_LABEL_BYTES} bytes, is ${labelBytes}`
  }
  if (pieceSize < 128n || (pieceSize & (pieceSize - 1n)) !== 0n) return 'proposal piece size is invalid'
  if (!isPieceCid(proposal.pieceCid)) return 'proposal PieceCID undefined'
  if (endEpoch <= startEpoch) return 'proposal end before proposal start'
  if (epoch > startEpoch) return 'Deal start epoch has already elapsed.'
  const duration = endEpoch - startEpoch
  if (duration < policy.dealMinDuration || duration > policy.dealMaxDuration)
    return 'Deal duration out of bounds.'
  if (!within(storagePricePerEpoch, 0n)) return 'Storage price out of bounds.'
  const { min } = providerCollateralBounds(state.genesis.economics, pieceSize, state.power.thisEpoch.raw)
  if (!within(proposal.providerCollateral, min)) return 'Provider collateral out of bounds.'
  if (!within(proposal.clientCollateral, 0n)) return 'Client collateral out of bounds.'
  return undefined
}

function within(amount: bigint, least: bigint): boolean {
  return amount >= least && amount <= TOTAL_FILECOIN
}

function isPieceCid(cid: DealProposal['pieceCid']): boolean {
  const { codec, hashCode, digest } = cidParts(cid)
  return (
    codec === multicodec.filCommitmentUnsealed &&
    hashCode === multihash.sha2256Trunc254Padded &&
    digest.length === 32
  )
}
