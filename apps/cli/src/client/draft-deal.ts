import { randomUUID } from 'node:crypto'
import type { Connection } from '@libp2p/interface'
import {
  type Address,
  type Cid,
  type ClientDealProposal,
  type DealProposal,
  dealProposalCid,
  proposalSigningBytes,
  signedProposalCid,
} from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { type KeyInfo, sign } from '@sealane/crypto'
import {
  type AttoFil,
  attoFil,
  type ChainEpoch,
  epoch,
  type PaddedSize,
  paddedSize,
} from '@sealane/fil-units'
import { type DealParams, encodeTransferParams, parseDealUuid } from '@sealane/market'
import { queryAsk } from '@sealane/market/node'
import { CliError } from '../cli-error.js'
import type { MadeDeal } from './made-deal.js'
import type { FilePart } from './plan-deals.js'

export interface DraftOptions {
  chain: ChainPort
  connection: Connection
  miner: Address
  client: { key: KeyInfo; address: Address }
  part: FilePart
  /** Where the provider fetches the bytes; undefined: offline, the operator imports them. */
  url: string | undefined
  label: string
  /** Epochs from now until the deal starts: time to seal. */
  startDelayEpochs: number
  durationEpochs: number
  /** In place of what follows from the ask, the chain's bounds and the delay. */
  terms?: {
    readonly startEpoch?: ChainEpoch | undefined
    readonly endEpoch?: ChainEpoch | undefined
    readonly pricePerEpoch?: AttoFil | undefined
    readonly providerCollateral?: AttoFil | undefined
    readonly verified?: boolean | undefined
  }
  /** The root of the client's data, as it calls it. Default: the piece CID. */
  dataRoot?: Cid | undefined
  signal: AbortSignal
}

/** A deal that is ready to be sent: every try sends these bytes. */
export interface DealDraft {
  readonly params: DealParams
  /** What the client keeps of it. */
  readonly made: MadeDeal
}

/** Writes a deal as a client does: reads the ask, pays its price, adds the least collateral the chain allows, signs. */
export async function draftDeal(o: DraftOptions): Promise<DealDraft> {
  const { chain, part } = o
  const head = await chain.head()
  const pieceSize = paddedSize(part.pieceSize)
  const { terms = {} } = o
  const verified = terms.verified ?? false
  const startEpoch = terms.startEpoch ?? after(head.height, o.startDelayEpochs)
  const price = terms.pricePerEpoch ?? attoFil(pricePerEpoch((await askOf(o))?.ask?.price ?? 0n, pieceSize))
  const bounds = await chain.collateralBounds(pieceSize, verified)
  const proposal: DealProposal = {
    pieceCid: part.pieceCid,
    pieceSize,
    verifiedDeal: verified,
    client: o.client.address,
    provider: o.miner,
    label: o.label,
    startEpoch,
    endEpoch: terms.endEpoch ?? after(startEpoch, o.durationEpochs),
    storagePricePerEpoch: price,
    // As boost's client: a fifth above the least, so that a small move of the bound does not refuse it.
    providerCollateral: terms.providerCollateral ?? attoFil((bounds.min * 6n) / 5n),
    clientCollateral: attoFil(0n),
  }
  const signed: ClientDealProposal = {
    proposal,
    clientSignature: sign(o.client.key, proposalSigningBytes(proposal)),
  }
  const dealUuid = parseDealUuid(randomUUID())
  const params: DealParams = {
    dealUuid,
    isOffline: o.url === undefined,
    clientDealProposal: signed,
    dealDataRoot: o.dataRoot ?? part.pieceCid,
    transfer: {
      type: o.url === undefined ? '' : 'http',
      clientId: '',
      params: o.url === undefined ? new Uint8Array() : encodeTransferParams({ url: o.url, headers: {} }),
      size: BigInt(part.sizeBytes),
    },
    removeUnsealedCopy: false,
    skipIpniAnnounce: true,
  }
  const made: MadeDeal = {
    dealUuid,
    proposalCid: dealProposalCid(proposal),
    signedProposalCid: signedProposalCid(signed),
    pieceCid: part.pieceCid,
    pieceSize: String(pieceSize),
    sizeBytes: part.sizeBytes,
    provider: o.miner,
    startEpoch: proposal.startEpoch,
    endEpoch: proposal.endEpoch,
    path: part.path,
    offset: part.offset,
    madeMs: Date.now(),
    client: o.client.address,
    pricePerEpoch: String(proposal.storagePricePerEpoch),
    verified,
    offline: o.url === undefined,
  }
  return { params, made }
}

/** Throws CliError NO_ASK: a line that broke gives errors of many libraries, and all of them may pass. */
async function askOf({ connection, miner, signal }: DraftOptions) {
  try {
    return await queryAsk(connection, miner, { signal })
  } catch (cause) {
    if (signal.aborted) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CliError(
      { code: 'NO_ASK', miner, reason },
      `the provider of ${miner} did not tell its ask: ${reason}`,
      { cause },
    )
  }
}

function after(height: ChainEpoch, epochs: number): ChainEpoch {
  return epoch(height + epochs)
}

/** The ask is for a GiB and an epoch; rounded up, so that the provider's own rounding never finds it short. */
function pricePerEpoch(askPerGib: bigint, pieceSize: PaddedSize): bigint {
  const gib = 2n ** 30n
  return (askPerGib * pieceSize + gib - 1n) / gib
}
