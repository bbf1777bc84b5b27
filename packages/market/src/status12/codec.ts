import {
  bool,
  type Cid,
  type Codec,
  cid,
  type DealProposal,
  dealProposal,
  field,
  map,
  mapped,
  nullable,
  signature,
  text,
  uint,
  uint64,
} from '@sealane/actors'
import type { Signature } from '@sealane/crypto'
import { maxReasonBytes } from '../mk12/constants.js'
import { cutText } from '../mk12/cut-text.js'
import { type DealUuid, dealUuid } from '../mk12/deal-uuid.js'

/** Asks for one deal's status. The client's key signs the 16 bytes of the uuid, nothing else. */
export interface DealStatusRequest {
  readonly dealUuid: DealUuid
  readonly signature: Signature
}

/** What the provider knows of the deal. */
export interface DealStatus {
  /** Why the deal ended, or why it waits for someone. Empty when nothing is wrong. */
  readonly error: string
  /** A checkpoint's name: clients print any other word raw. */
  readonly status: string
  readonly proposal: DealProposal
  readonly publishCid: Cid | null
  /** 0 until the deal is on chain. */
  readonly chainDealId: number
  /** The sector's state in the operators' words, empty before there is a sector. */
  readonly sealingStatus: string
  readonly signedProposalCid: Cid
}

export interface DealStatusResponse {
  /** Why there is no status. Empty when there is one. */
  readonly error: string
  readonly dealUuid: DealUuid
  readonly isOffline: boolean
  readonly dealStatus: DealStatus | null
  /** Unit: bytes. */
  readonly transferSize: bigint
  /** Unit: bytes. */
  readonly bytesReceived: bigint
}

const cut: Codec<string> = mapped(
  text,
  (wire) => wire,
  (value) => cutText(value, maxReasonBytes),
)

/** Source: filecoin-project/boost@v2.5.2 storagemarket/types/types_cbor_gen.go:1527. */
export const dealStatusRequest: Codec<DealStatusRequest> = map({
  dealUuid: field('DealUUID', dealUuid),
  signature: field('Signature', signature),
})

/** Source: filecoin-project/boost@v2.5.2 storagemarket/types/types_cbor_gen.go:1944. */
export const dealStatus: Codec<DealStatus> = map({
  error: field('Error', cut),
  status: field('Status', text),
  proposal: field('Proposal', dealProposal),
  publishCid: field('PublishCid', nullable(cid)),
  chainDealId: field('ChainDealID', uint),
  sealingStatus: field('SealingStatus', cut),
  signedProposalCid: field('SignedProposalCid', cid),
})

/** Source: filecoin-project/boost@v2.5.2 storagemarket/types/types_cbor_gen.go:1665. */
export const dealStatusResponse: Codec<DealStatusResponse> = map({
  error: field('Error', cut),
  dealUuid: field('DealUUID', dealUuid),
  isOffline: field('IsOffline', bool),
  dealStatus: field('DealStatus', nullable(dealStatus)),
  transferSize: field('TransferSize', uint64),
  bytesReceived: field('NBytesReceived', uint64),
})
