import {
  type Address,
  type Cid,
  type ClientDealProposal,
  checkLabel,
  dataCommitmentOf,
  dealProposalCid,
  type NetworkPolicy,
  proposalSigningBytes,
  signerOf,
} from '@sealane/actors'
import type { CollateralBounds } from '@sealane/chain'
import { verify } from '@sealane/crypto'
import { type AttoFil, formatFil } from '@sealane/fil-units'
import { MinerError } from '../miner-error.js'

/** What this miner takes, beyond what the chain demands. The ask abroad decides first; this is home's own last word. */
export interface DealTerms {
  /** attoFIL per GiB and epoch. */
  readonly minPricePerGib: AttoFil
  /** Provider collateral of one deal at most, attoFIL. */
  readonly maxCollateral: AttoFil
  /** Epochs between now and a deal's start at least: the message still has to land. */
  readonly minStartEpochs: number
  /** … and at most: until then its collateral is bound for nothing. */
  readonly maxStartEpochs: number
}

export interface JudgeFacts {
  readonly policy: NetworkPolicy
  readonly terms: DealTerms
  /** Our miner by ID and, when known, robust address. */
  readonly miner: Address
  readonly robust: Address | undefined
  readonly sectorSize: bigint
  readonly headEpoch: number
  /** Key address behind the proposal's client. */
  readonly clientKey: Address
  readonly bounds: CollateralBounds
}

/**
 * Judges a signed proposal with the market actor's rules and our terms, and returns its CID.
 * Throws MinerError PROPOSAL_REFUSED (`drop`) with the reason. Source: builtin-actors market/src/lib.rs (validate_deal, publish).
 */
export function judgeProposal(signed: ClientDealProposal, facts: JudgeFacts): Cid {
  const { proposal, clientSignature } = signed
  const proposalCid = dealProposalCid(proposal)
  const refuse = (reason: string) => new MinerError({ code: 'PROPOSAL_REFUSED', proposalCid, reason }, reason)
  const { policy, terms } = facts
  if (proposal.provider !== facts.miner && proposal.provider !== facts.robust) {
    throw refuse(`the proposal is for provider ${proposal.provider}, we are ${facts.miner}`)
  }
  if (!verify(clientSignature, signerOf(facts.clientKey), proposalSigningBytes(proposal))) {
    throw refuse(`the signature is not that of client ${proposal.client}`)
  }
  if (proposal.verifiedDeal) throw refuse('verified deals are not taken')
  try {
    checkLabel(proposal.label)
    dataCommitmentOf(proposal.pieceCid)
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause))
  }
  if (proposal.pieceSize > facts.sectorSize) {
    throw refuse(`a piece of ${proposal.pieceSize} bytes does not fit a sector of ${facts.sectorSize}`)
  }
  const leastStart = facts.headEpoch + terms.minStartEpochs
  if (proposal.startEpoch < leastStart) {
    throw refuse(`start epoch ${proposal.startEpoch} is before ${leastStart}: too near to publish and seal`)
  }
  const latestStart = facts.headEpoch + terms.maxStartEpochs
  if (proposal.startEpoch > latestStart) {
    throw refuse(`start epoch ${proposal.startEpoch} is after ${latestStart}: too far away`)
  }
  const latestEnd = facts.headEpoch + policy.maxSectorExpirationExtension
  if (proposal.endEpoch > latestEnd) {
    throw refuse(`end epoch ${proposal.endEpoch} is after ${latestEnd}: no sector may live that long`)
  }
  const duration = proposal.endEpoch - proposal.startEpoch
  if (duration < policy.dealMinDuration || duration > policy.dealMaxDuration) {
    throw refuse(
      `a deal lasts ${policy.dealMinDuration} to ${policy.dealMaxDuration} epochs, not ${duration}`,
    )
  }
  const leastPrice = (terms.minPricePerGib * proposal.pieceSize) / (1n << 30n)
  if (proposal.storagePricePerEpoch < leastPrice) {
    throw refuse(
      `the price ${formatFil(proposal.storagePricePerEpoch)} per epoch is below ${formatFil(leastPrice as AttoFil)}`,
    )
  }
  const { providerCollateral, clientCollateral } = proposal
  if (clientCollateral < 0n) throw refuse(`client collateral ${formatFil(clientCollateral)} is negative`)
  if (providerCollateral < facts.bounds.min || providerCollateral > facts.bounds.max) {
    throw refuse(
      `provider collateral ${formatFil(providerCollateral)} is outside ${formatFil(facts.bounds.min)} to ${formatFil(facts.bounds.max)}`,
    )
  }
  if (providerCollateral > terms.maxCollateral) {
    throw refuse(
      `provider collateral ${formatFil(providerCollateral)} is over our limit of ${formatFil(terms.maxCollateral)} a deal`,
    )
  }
  return proposalCid
}
