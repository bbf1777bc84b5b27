import { address } from '../address.js'
import { bigInt, bigIntBytes } from '../bigint.js'
import { bitfield } from '../bitfield.js'
import { CborError } from '../cbor/cbor-error.js'
import { major } from '../cbor/cbor-reader.js'
import { type Codec, codec, type Decoded } from '../cbor/codec.js'
import { chainEpoch, pieceSize } from '../cbor/quantities.js'
import { bool, bytes, text, uint } from '../cbor/scalars.js'
import { array, nullable, tuple } from '../cbor/structures.js'
import { type Cid, cid, dagCborCid, dagCborSha256Cid } from '../cid.js'
import { signature } from '../signature.js'
import { batchReturn } from './batch-return.js'

/** A deal's free-form label: text, or bytes that need not be text. */
export type DealLabel = string | Uint8Array

/** Longest label a deal may carry, bytes. Source: go-state-types builtin/v9/market/policy.go:30 DealMaxLabelSize. */
export const MAX_LABEL_BYTES = 256

const utf8 = new TextEncoder()

/** Refuses a label the market actor would refuse; longer ones still decode. @throws CborError `TOO_LARGE` */
export function checkLabel(label: DealLabel): DealLabel {
  const length = typeof label === 'string' ? utf8.encode(label).length : label.length
  if (length > MAX_LABEL_BYTES) {
    const kind = typeof label === 'string' ? 'string is' : 'bytes are'
    throw new CborError(
      'TOO_LARGE',
      `provided ${kind} too large to be a label (${length}), max length (${MAX_LABEL_BYTES})`,
    )
  }
  return label
}

/** A text string or a byte string. */
export const dealLabel: Codec<DealLabel> = codec<DealLabel>({
  write(writer, value) {
    if (typeof value === 'string') text.write(writer, value)
    else bytes.write(writer, value)
  },
  read(reader) {
    const type = (reader.peek() ?? 0) >> 5
    if (type === major.text) return text.read(reader)
    if (type === major.bytes) return bytes.read(reader)
    if (reader.peek() === undefined) throw new CborError('TRUNCATED', 'unexpected end of CBOR input')
    throw new CborError(
      'WRONG_TYPE',
      `unexpected major tag (${type}) when unmarshaling DealLabel: only textString (3) or byteString (2) expected`,
    )
  },
  zero: () => '',
})

/** What client and provider agree on. Price in attoFIL per epoch for the whole piece; collaterals in attoFIL. */
export const dealProposal = tuple({
  pieceCid: cid,
  pieceSize,
  verifiedDeal: bool,
  client: address,
  provider: address,
  label: dealLabel,
  startEpoch: chainEpoch,
  endEpoch: chainEpoch,
  storagePricePerEpoch: bigIntBytes,
  providerCollateral: bigIntBytes,
  clientCollateral: bigIntBytes,
})
export type DealProposal = Decoded<typeof dealProposal>

/** A proposal with the client's signature over the proposal's CBOR. */
export const clientDealProposal = tuple({ proposal: dealProposal, clientSignature: signature })
export type ClientDealProposal = Decoded<typeof clientDealProposal>

/** The chain's name of a proposal: blake2b-256 of the unsigned proposal (`bafy2bzace…`). */
export function dealProposalCid(proposal: DealProposal): Cid {
  return dagCborCid(proposalSigningBytes(proposal))
}

/** The market's name of a signed proposal: sha2-256 of proposal and signature (`bafyrei…`). */
export function signedProposalCid(signed: ClientDealProposal): Cid {
  return dagCborSha256Cid(clientDealProposal.encode(signed))
}

/** The bytes of proposals that were asked for: signature and CID want the same ones. */
const encoded = new WeakMap<DealProposal, Uint8Array>()

/** What the client signs: the proposal's CBOR itself, not its CID. */
export function proposalSigningBytes(proposal: DealProposal): Uint8Array {
  const known = encoded.get(proposal)
  if (known !== undefined) return known
  const bytes = dealProposal.encode(proposal)
  encoded.set(proposal, bytes)
  return bytes
}

/** Method 2: whose escrow the message's value goes to. A provider's is its miner actor. */
export const addBalanceParams = address
/** Method 3; it returns the bare amount withdrawn. */
export const marketWithdrawBalanceParams = tuple({ providerOrClientAddress: address, amount: bigIntBytes })
/** The bare amount that methods 3 (market) and 16 (miner) return. */
export const withdrawBalanceReturn = bigIntBytes

/** Method 4. */
export const publishStorageDealsParams = tuple({ deals: array(clientDealProposal) })
/** Ids of the deals published, in the order of the set bits of `validDeals`, never by position in the params. */
export const publishStorageDealsReturn = tuple({ ids: array(uint), validDeals: bitfield })
export type PublishStorageDealsReturn = Decoded<typeof publishStorageDealsReturn>

/**
 * The deal id of each proposal of a publish message, in the order they were sent; undefined where the actor dropped
 * one. @throws CborError `INVALID_VALUE` when ids and bits do not match
 */
export function publishedDealIds(
  proposals: number,
  result: PublishStorageDealsReturn,
): (number | undefined)[] {
  const { ids, validDeals } = result
  if (validDeals.count !== ids.length || (validDeals.last ?? -1) >= proposals) {
    throw new CborError(
      'INVALID_VALUE',
      `${ids.length} deal ids do not match the valid deals of ${proposals}`,
    )
  }
  const byPosition = new Array<number | undefined>(proposals).fill(undefined)
  for (const [i, position] of [...validDeals].entries()) byPosition[position] = ids[i]
  return byPosition
}

/** The deals of one sector, as the miner actor asks about them. */
export const sectorDeals = tuple({
  sectorNumber: uint,
  sectorType: uint,
  sectorExpiry: chainEpoch,
  dealIds: array(uint),
})

/** Method 5; sent by a miner actor. */
export const verifyDealsForActivationParams = tuple({ sectors: array(sectorDeals) })
/** CommD per sector, null where it has no deals. */
export const verifyDealsForActivationReturn = tuple({ unsealedCids: array(nullable(cid)) })

/** Method 6; sent by a miner actor. */
export const batchActivateDealsParams = tuple({ sectors: array(sectorDeals), computeCid: bool })

/** Method 7; sent by a miner actor. */
export const onMinerSectorsTerminateParams = tuple({ epoch: chainEpoch, dealIds: array(uint) })

/** A verified piece of an activated sector. */
export const verifiedDealInfo = tuple({ client: uint, allocationId: uint, data: cid, size: pieceSize })

/** What activating one sector's deals did; space in bytes. */
export const activateDealsResult = tuple({
  nonVerifiedDealSpace: bigInt,
  verifiedInfos: array(verifiedDealInfo),
})

/** What the market's state keeps of an activated deal; −1 means not yet. */
export const dealState = tuple({
  sectorNumber: uint,
  sectorStartEpoch: chainEpoch,
  lastUpdatedEpoch: chainEpoch,
  slashEpoch: chainEpoch,
})
export type DealState = Decoded<typeof dealState>

/** Exported GetBalance (its param is a bare address). */
export const getBalanceReturn = tuple({ balance: bigIntBytes, locked: bigIntBytes })

/** Exported GetDealDataCommitment (its param is a bare deal id). */
export const getDealDataCommitmentReturn = tuple({ data: cid, size: pieceSize })

/** Exported SettleDealPayments (its param is a bare bitfield of deal ids). */
export const settleDealPaymentsReturn = tuple({
  results: batchReturn,
  settlements: array(tuple({ payment: bigIntBytes, completed: bool })),
})

/** Exported GetDealActivation: epochs, −1 when not yet. */
export const getDealActivationReturn = tuple({ activated: chainEpoch, terminated: chainEpoch })

/** Exported GetDealTerm: first epoch and length in epochs. */
export const getDealTermReturn = tuple({ start: chainEpoch, duration: chainEpoch })
