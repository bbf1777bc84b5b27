import {
  type Address,
  CidError,
  type DealProposal,
  dataCommitmentOf,
  formatAddress,
  MAX_LABEL_BYTES,
  undefinedCid,
} from '@sealane/actors'
import { type AttoFil, type ChainEpoch, paddedSize, pricePerEpoch, UnitsError } from '@sealane/fil-units'
import { decodeTransferParams, parseTransferUrl, TransferParamsError } from '../transfer/codec.js'
import { TransferRefused, transferHeaders, transferScheme } from '../transfer/rules.js'
import type { DealParams } from './codec.js'
import { maxProviderCollateralFactor } from './constants.js'

/** A fact that was asked for and could not be had: the proposal is refused, because accepting blind costs money. */
export type Known<T> = T | 'unavailable'

/** A deal we already hold that clashes with the proposal. */
export interface Clash {
  readonly dealUuid: string
  /** When it was proposed, as the client is told: `2026-11-22 14:41:04.147 +0000 UTC`. */
  readonly proposedAt: string
}

/** The ask a proposal is held against. Prices: attoFIL per GiB and epoch. Sizes: padded bytes. */
export interface AskTerms {
  readonly price: AttoFil
  readonly verifiedPrice: AttoFil
  readonly minPieceSize: bigint
  readonly maxPieceSize: bigint
}

/** What we know besides the proposal. A fact that is absent has not been asked for yet. */
export interface ProposalFacts {
  /** Height of our node's head. */
  readonly head?: Known<ChainEpoch>
  /** Whether the client's key, as the chain knows it, signed exactly this proposal. */
  readonly signature?: 'valid' | 'invalid'
  /** Least provider collateral the chain takes for this piece. */
  readonly minProviderCollateral?: Known<AttoFil>
  readonly ask?: AskTerms | 'none'
  /** The client's market escrow less what is locked. */
  readonly clientAvailable?: Known<AttoFil>
  /** The client's DataCap in bytes. Asked for verified deals only. */
  readonly dataCap?: Known<bigint | 'none'>
  /** A live deal with the same unsigned proposal. */
  readonly identical?: Clash | 'none'
  /** Any deal with the same uuid. */
  readonly sameUuid?: Clash | 'none'
  /** The operator's own filter: it accepts, or these are its words. */
  readonly filter?: Known<{ readonly accept: true } | { readonly accept: false; readonly reason: string }>
  /** Whether collateral for this deal is there beside what accepted deals have reserved. Asked for online deals only. */
  readonly providerFunds?: Known<'enough' | 'short'>
  /** Bytes of staging neither used nor reserved. Asked for online deals only. */
  readonly stagingFreeBytes?: Known<bigint | 'unlimited'>
}

/** What holds for every proposal: who we are, and what the operator decided. */
export interface AcceptanceSettings {
  readonly provider: Address
  /** How addresses are spelled in answers. */
  readonly network: 'f' | 't'
  /** Unit: epochs. */
  readonly minDurationEpochs: number
  /** Unit: epochs. Also how far from now a deal may end. */
  readonly maxDurationEpochs: number
  readonly considerOnline: boolean
  readonly considerOffline: boolean
  readonly considerVerified: boolean
  readonly considerUnverified: boolean
  /** Piece CIDs never taken. */
  readonly blocklist: ReadonlySet<string>
  /** Least epochs between now and a deal's start. */
  readonly expectedSealEpochs: number
  /** Most epochs between the earliest start that leaves time to seal and an online deal's start. */
  readonly maxStartDelayEpochs: number
}

/** The outcome of {@link judgeProposal}. `need` asks for one fact: call again with it, from the check that asked. */
export type Judgement =
  | { readonly verdict: 'accept' }
  | { readonly verdict: 'reject'; readonly reason: string }
  | { readonly verdict: 'need'; readonly fact: keyof ProposalFacts; readonly check: number }

/** A check's finding: a reason to refuse, a fact it lacks, or nothing against the proposal. */
type Finding = string | { readonly need: keyof ProposalFacts } | undefined
type Check = (params: DealParams, facts: ProposalFacts, settings: AcceptanceSettings) => Finding

/**
 * Judges one proposal in Boost's order and in Boost's words, so that the first reason a client hears is the one it
 * would hear from Boost, and tools that match texts go on working. Facts are asked for one at a time, when the order
 * comes to them: a proposal with a bad signature costs no further look-up on the chain. `fromCheck` goes on at the check
 * that needed a fact; those before it have found nothing.
 *
 * Where Boost harms itself we differ, each time noted at the check.
 *
 * Source: filecoin-project/boost@v2.5.2 storagemarket/deal_acceptance.go:30-225, storagemarket/provider_loop.go:107-225,
 * node/modules/dealfilter.go:51-128; order and texts as recorded from a running Boost.
 */
export function judgeProposal(
  params: DealParams,
  facts: ProposalFacts,
  settings: AcceptanceSettings,
  fromCheck = 0,
): Judgement {
  for (let at = fromCheck; at < checks.length; at += 1) {
    const finding = checks[at]?.(params, facts, settings)
    if (typeof finding === 'string') {
      return { verdict: 'reject', reason: at < validation.length ? `failed validation: ${finding}` : finding }
    }
    if (finding !== undefined) return { verdict: 'need', fact: finding.need, check: at }
  }
  return { verdict: 'accept' }
}

/** Refusals of these checks carry the prefix `failed validation: `. */
const validation: readonly Check[] = [
  headKnown,
  pieceCidDefined,
  dataRootDefined,
  signatureValid,
  providerMatches,
  pieceSizeValid,
  pieceCidIsCommitment,
  endAfterStart,
  startAhead,
  durationWithinBounds,
  endWithinReach,
  collateralWithinBounds,
  askMet,
  clientCollateralNotNegative,
  clientFundsEnough,
  dataCapEnough,
]

/** Refusals of these checks go to the client bare. */
const acceptance: readonly Check[] = [
  transferUnderstood,
  notIdentical,
  uuidFree,
  kindConsidered,
  notBlocklisted,
  timeToSeal,
  startNotTooFar,
  filterAccepts,
  providerFundsEnough,
  stagingSpaceEnough,
  transferSizeFits,
]

const checks: readonly Check[] = [...validation, ...acceptance]

function headKnown(_params: DealParams, { head }: ProposalFacts): Finding {
  if (head === undefined) return { need: 'head' }
  return head === 'unavailable' ? 'server error: getting chain head' : undefined
}

function pieceCidDefined({ clientDealProposal: { proposal } }: DealParams): Finding {
  return proposal.pieceCid === undefinedCid ? 'proposal PieceCID undefined' : undefined
}

/** Boost takes a proposal without it, and then cannot start any more. */
function dataRootDefined({ dealDataRoot }: DealParams): Finding {
  return dealDataRoot === undefinedCid ? 'proposal DealDataRoot undefined' : undefined
}

/** A label that cannot be serialised fails here in Boost, because the signature covers the serialised proposal. */
function signatureValid(
  { clientDealProposal: { proposal } }: DealParams,
  { signature }: ProposalFacts,
): Finding {
  const text = 'server error: validating signature'
  if (labelBytes(proposal) > MAX_LABEL_BYTES) return text
  if (signature === undefined) return { need: 'signature' }
  return signature === 'valid' ? undefined : text
}

function providerMatches(params: DealParams, _facts: ProposalFacts, settings: AcceptanceSettings): Finding {
  const { provider } = params.clientDealProposal.proposal
  if (provider === settings.provider) return undefined
  const asked = formatAddress(provider, settings.network)
  const ours = formatAddress(settings.provider, settings.network)
  return `incorrect provider for deal; proposal.Provider: ${asked}; provider.Address: ${ours}`
}

function pieceSizeValid({ clientDealProposal: { proposal } }: DealParams): Finding {
  try {
    paddedSize(proposal.pieceSize)
    return undefined
  } catch (cause) {
    if (cause instanceof UnitsError) return `proposal piece size is invalid: ${cause.message}`
    throw cause
  }
}

function pieceCidIsCommitment({ clientDealProposal: { proposal } }: DealParams): Finding {
  try {
    dataCommitmentOf(proposal.pieceCid)
    return undefined
  } catch (cause) {
    if (cause instanceof CidError) return 'proposal PieceCID had wrong prefix'
    throw cause
  }
}

function endAfterStart({ clientDealProposal: { proposal } }: DealParams): Finding {
  const { startEpoch, endEpoch } = proposal
  return endEpoch <= startEpoch ? `proposal end ${endEpoch} before proposal start ${startEpoch}` : undefined
}

function startAhead({ clientDealProposal: { proposal } }: DealParams, facts: ProposalFacts): Finding {
  const head = headOf(facts)
  return proposal.startEpoch < head
    ? `deal start epoch ${proposal.startEpoch} has already elapsed (current epoch: ${head})`
    : undefined
}

function durationWithinBounds(
  { clientDealProposal: { proposal } }: DealParams,
  _facts: ProposalFacts,
  { minDurationEpochs: min, maxDurationEpochs: max }: AcceptanceSettings,
): Finding {
  const duration = proposal.endEpoch - proposal.startEpoch
  return duration < min || duration > max
    ? `deal duration out of bounds (min, max, provided): ${min}, ${max}, ${duration}`
    : undefined
}

function endWithinReach(
  { clientDealProposal: { proposal } }: DealParams,
  facts: ProposalFacts,
  { maxDurationEpochs: max }: AcceptanceSettings,
): Finding {
  const head = headOf(facts)
  return proposal.endEpoch > head + max
    ? `invalid deal end epoch ${proposal.endEpoch}: cannot be more than ${max} past current epoch ${head}`
    : undefined
}

function collateralWithinBounds(
  { clientDealProposal: { proposal } }: DealParams,
  { minProviderCollateral: min }: ProposalFacts,
): Finding {
  if (min === undefined) return { need: 'minProviderCollateral' }
  if (min === 'unavailable') return 'server error: getting collateral bounds'
  const max = min * maxProviderCollateralFactor
  const proposed = proposal.providerCollateral
  if (proposed < min) return `proposed provider collateral ${proposed} below minimum ${min}`
  return proposed > max ? `proposed provider collateral ${proposed} above maximum ${max}` : undefined
}

function askMet({ clientDealProposal: { proposal } }: DealParams, { ask }: ProposalFacts): Finding {
  if (ask === undefined) return { need: 'ask' }
  if (ask === 'none') return 'server error: getting ask'
  const size = paddedSize(proposal.pieceSize)
  const asking = pricePerEpoch(proposal.verifiedDeal ? ask.verifiedPrice : ask.price, size)
  if (proposal.storagePricePerEpoch < asking) {
    return `storage price per epoch less than asking price: ${proposal.storagePricePerEpoch} < ${asking}`
  }
  if (size < ask.minPieceSize)
    return `piece size less than minimum required size: ${size} < ${ask.minPieceSize}`
  return size > ask.maxPieceSize
    ? `piece size more than maximum allowed size: ${size} > ${ask.maxPieceSize}`
    : undefined
}

/** The chain refuses such a deal when it is published; Boost lets it through until then. */
function clientCollateralNotNegative({ clientDealProposal: { proposal } }: DealParams): Finding {
  return proposal.clientCollateral < 0n
    ? `proposed client collateral ${proposal.clientCollateral} is negative`
    : undefined
}

function clientFundsEnough(
  { clientDealProposal: { proposal } }: DealParams,
  { clientAvailable: available }: ProposalFacts,
): Finding {
  if (available === undefined) return { need: 'clientAvailable' }
  if (available === 'unavailable') return 'server error: getting market balance'
  const cost = dealCost(proposal)
  return available < cost
    ? `client available funds in escrow ${available} not enough to meet storage cost for deal ${cost}`
    : undefined
}

function dataCapEnough(
  { clientDealProposal: { proposal } }: DealParams,
  { dataCap }: ProposalFacts,
): Finding {
  if (!proposal.verifiedDeal) return undefined
  if (dataCap === undefined) return { need: 'dataCap' }
  if (dataCap === 'unavailable') return 'server error: getting verified datacap'
  if (dataCap === 'none') return 'client is not a verified client'
  return dataCap < proposal.pieceSize
    ? `verified deal DataCap ${dataCap} too small for proposed piece size ${proposal.pieceSize}`
    : undefined
}

/** Boost takes schemes it cannot fetch and headers it must not send, and fails the deal later; we say so at once. */
function transferUnderstood({ isOffline, transfer }: DealParams): Finding {
  if (isOffline) return undefined
  const prefix = 'server error: get deal transfer host: '
  if (transfer.type !== 'http' && transfer.type !== 'libp2p') {
    return `${prefix}cannot parse params for unrecognized transfer type '${transfer.type}'`
  }
  try {
    const { url, headers } = decodeTransferParams(transfer.params)
    try {
      transferScheme(parseTransferUrl(url))
    } catch (cause) {
      if (cause instanceof TransferParamsError) return `${prefix}cannot parse url '${url}': ${cause.message}`
      throw cause
    }
    transferHeaders(headers)
    return undefined
  } catch (cause) {
    if (cause instanceof TransferParamsError || cause instanceof TransferRefused)
      return prefix + cause.message
    throw cause
  }
}

/** Boost counts `Transfer.Size` against its staging space but never holds it against the piece, so a lie passes. */
function transferSizeFits({ isOffline, transfer, clientDealProposal: { proposal } }: DealParams): Finding {
  if (isOffline) return undefined
  const room = (proposal.pieceSize / 128n) * 127n
  return transfer.size < 1n || transfer.size > room
    ? `transfer size ${transfer.size} is not between 1 and ${room} bytes, the room in a piece of ${proposal.pieceSize} bytes`
    : undefined
}

function notIdentical(_params: DealParams, { identical }: ProposalFacts): Finding {
  if (identical === undefined) return { need: 'identical' }
  return identical === 'none' ? undefined : identicalReason(identical)
}

function uuidFree(_params: DealParams, { sameUuid }: ProposalFacts): Finding {
  if (sameUuid === undefined) return { need: 'sameUuid' }
  return sameUuid === 'none' ? undefined : sameUuidReason(sameUuid)
}

/** Tools match the first words of it: Singularity skips a car whose proposal is identical. */
export function identicalReason({ dealUuid, proposedAt }: Clash): string {
  return `deal proposal is identical to deal ${dealUuid} (proposed at ${proposedAt})`
}

export function sameUuidReason({ dealUuid, proposedAt }: Clash): string {
  return `deal has the same uuid as deal ${dealUuid} (proposed at ${proposedAt})`
}

function kindConsidered(params: DealParams, _facts: ProposalFacts, settings: AcceptanceSettings): Finding {
  if (!params.isOffline && !settings.considerOnline) return 'miner is not considering online storage deals'
  if (params.isOffline && !settings.considerOffline) return 'miner is not accepting offline storage deals'
  const verified = params.clientDealProposal.proposal.verifiedDeal
  if (verified && !settings.considerVerified) return 'miner is not accepting verified storage deals'
  return !verified && !settings.considerUnverified
    ? 'miner is not accepting unverified storage deals'
    : undefined
}

function notBlocklisted(
  { clientDealProposal: { proposal } }: DealParams,
  _facts: ProposalFacts,
  { blocklist }: AcceptanceSettings,
): Finding {
  return blocklist.has(proposal.pieceCid) ? `miner has blocklisted piece CID ${proposal.pieceCid}` : undefined
}

function timeToSeal(
  { clientDealProposal: { proposal } }: DealParams,
  facts: ProposalFacts,
  { expectedSealEpochs }: AcceptanceSettings,
): Finding {
  return proposal.startEpoch < headOf(facts) + expectedSealEpochs
    ? `cannot seal a sector before ${proposal.startEpoch}`
    : undefined
}

function startNotTooFar(
  { isOffline, clientDealProposal: { proposal } }: DealParams,
  facts: ProposalFacts,
  { expectedSealEpochs, maxStartDelayEpochs }: AcceptanceSettings,
): Finding {
  const latest = headOf(facts) + expectedSealEpochs + maxStartDelayEpochs
  return !isOffline && proposal.startEpoch > latest
    ? `deal start epoch is too far in the future: ${proposal.startEpoch} > ${latest}`
    : undefined
}

function filterAccepts(_params: DealParams, { filter }: ProposalFacts): Finding {
  if (filter === undefined) return { need: 'filter' }
  if (filter === 'unavailable') return 'server error: deal filter error'
  return filter.accept ? undefined : filter.reason
}

/** Nothing is held for an offline deal before its bytes are brought: Boost tags funds at import. */
function providerFundsEnough({ isOffline }: DealParams, { providerFunds }: ProposalFacts): Finding {
  if (isOffline) return undefined
  if (providerFunds === undefined) return { need: 'providerFunds' }
  if (providerFunds === 'unavailable') return 'server error: tag funds'
  return providerFunds === 'short'
    ? 'server error: provider has insufficient funds to accept deal'
    : undefined
}

function stagingSpaceEnough(
  { isOffline, transfer }: DealParams,
  { stagingFreeBytes: free }: ProposalFacts,
): Finding {
  if (isOffline) return undefined
  if (free === undefined) return { need: 'stagingFreeBytes' }
  if (free === 'unavailable') return 'server error: tag storage'
  return free !== 'unlimited' && free < transfer.size
    ? 'server error: provider has no space left for storage deals'
    : undefined
}

/** What the client pays in all, plus its own collateral. Unit: attoFIL. */
function dealCost(proposal: DealProposal): bigint {
  const duration = BigInt(proposal.endEpoch - proposal.startEpoch)
  return proposal.storagePricePerEpoch * duration + proposal.clientCollateral
}

function labelBytes({ label }: DealProposal): number {
  return typeof label === 'string' ? new TextEncoder().encode(label).length : label.length
}

/** {@link headKnown} comes first, so that every later check has it. */
function headOf({ head }: ProposalFacts): number {
  if (typeof head !== 'number') throw new TypeError('proposal judged without the chain head')
  return head
}
