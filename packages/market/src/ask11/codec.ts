import {
  type Address,
  address,
  bigIntBytes,
  type Codec,
  field,
  int,
  map,
  nullable,
  signature,
  uint,
  uint64,
} from '@sealane/actors'
import type { Signature } from '@sealane/crypto'
import type { AttoFil } from '@sealane/fil-units'

/** A provider's terms. Prices: attoFIL per GiB and epoch. Sizes: padded bytes. */
export interface StorageAsk {
  readonly miner: Address
  readonly price: AttoFil
  readonly verifiedPrice: AttoFil
  readonly minPieceSize: bigint
  readonly maxPieceSize: bigint
  /** Epoch at which it was made. */
  readonly timestamp: number
  /** Last epoch at which it holds. */
  readonly expiry: number
  /** Grows with each ask of a provider. */
  readonly sequence: number
}

/** An ask and the signature of the miner's worker key over the ask's CBOR. */
export interface SignedStorageAsk {
  readonly ask: StorageAsk | null
  readonly signature: Signature | null
}

export interface AskRequest {
  readonly miner: Address
}

/** The answer; null for another provider's ask. */
export interface AskResponse {
  readonly ask: SignedStorageAsk | null
}

/** Source: filecoin-project/boost@v2.5.2 storagemarket/types/legacytypes/types_cbor_gen.go (StorageAsk). */
export const storageAsk: Codec<StorageAsk> = map({
  miner: field('Miner', address),
  price: field('Price', bigIntBytes),
  verifiedPrice: field('VerifiedPrice', bigIntBytes),
  minPieceSize: field('MinPieceSize', uint64),
  maxPieceSize: field('MaxPieceSize', uint64),
  timestamp: field('Timestamp', int),
  expiry: field('Expiry', int),
  sequence: field('SeqNo', uint),
})

/** Source: filecoin-project/boost@v2.5.2 storagemarket/types/legacytypes/types_cbor_gen.go (SignedStorageAsk). */
export const signedStorageAsk: Codec<SignedStorageAsk> = map({
  ask: field('Ask', nullable(storageAsk)),
  signature: field('Signature', nullable(signature)),
})

/** Source: filecoin-project/boost@v2.5.2 storagemarket/types/legacytypes/network/types.go:49. */
export const askRequest: Codec<AskRequest> = map({ miner: field('Miner', address) })

/** Source: filecoin-project/boost@v2.5.2 storagemarket/types/legacytypes/network/types.go:58. */
export const askResponse: Codec<AskResponse> = map({ ask: field('Ask', nullable(signedStorageAsk)) })
