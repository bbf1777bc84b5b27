import {
  bool,
  bytes,
  type Cid,
  type ClientDealProposal,
  type Codec,
  cid,
  clientDealProposal,
  field,
  map,
  mapped,
  text,
  uint64,
} from '@sealane/actors'
import { maxReasonBytes } from './constants.js'
import { cutText } from './cut-text.js'
import { type DealUuid, dealUuid } from './deal-uuid.js'

/** How an online deal's bytes are to be fetched. Offline deals carry the empty type and no parameters. */
export interface Transfer {
  /** `http`, `libp2p`, or empty. */
  readonly type: string
  readonly clientId: string
  /** JSON: see transfer/codec. */
  readonly params: Uint8Array
  /** Raw bytes to fetch, before padding. */
  readonly size: bigint
}

/** One proposal, as it travels. A missing key leaves a zero value: an undefined CID, an empty text. */
export interface DealParams {
  readonly dealUuid: DealUuid
  readonly isOffline: boolean
  readonly clientDealProposal: ClientDealProposal
  readonly dealDataRoot: Cid
  readonly transfer: Transfer
  readonly removeUnsealedCopy: boolean
  readonly skipIpniAnnounce: boolean
}

/** The answer to a proposal. */
export interface DealResponse {
  readonly accepted: boolean
  /** Why not; empty when accepted. */
  readonly message: string
}

/** Source: filecoin-project/boost@v2.5.2 storagemarket/types/types_cbor_gen.go:1181. */
export const transfer: Codec<Transfer> = map({
  type: field('Type', text),
  clientId: field('ClientID', text),
  params: field('Params', bytes),
  size: field('Size', uint64),
})

const shared = {
  dealUuid: field('DealUUID', dealUuid),
  isOffline: field('IsOffline', bool),
  clientDealProposal: field('ClientDealProposal', clientDealProposal),
  dealDataRoot: field('DealDataRoot', cid),
  transfer: field('Transfer', transfer),
}

/**
 * The proposal message. Reads the seven keys of 1.2.1 and the five of 1.2.0 alike, and writes seven, as clients do on
 * both protocols. Source: filecoin-project/boost@v2.5.2 storagemarket/types/types_cbor_gen.go:456.
 */
export const dealParams: Codec<DealParams> = map({
  ...shared,
  removeUnsealedCopy: field('RemoveUnsealedCopy', bool),
  skipIpniAnnounce: field('SkipIPNIAnnounce', bool),
})

/** The five-key message of 1.2.0. Source: filecoin-project/boost@v2.5.2 storagemarket/types/types_cbor_gen.go:229. */
export const dealParamsV120: Codec<DealParams> = mapped(
  map(shared),
  (value) => ({ ...value, removeUnsealedCopy: false, skipIpniAnnounce: false }),
  (value) => value,
)

/**
 * The answer. A reason longer than a Go client can read is cut, where Boost sends half an item.
 * Source: filecoin-project/boost@v2.5.2 storagemarket/types/types_cbor_gen.go:1393.
 */
export const dealResponse: Codec<DealResponse> = map({
  accepted: field('Accepted', bool),
  message: field(
    'Message',
    mapped(
      text,
      (wire) => wire,
      (value) => cutText(value, maxReasonBytes),
    ),
  ),
})
