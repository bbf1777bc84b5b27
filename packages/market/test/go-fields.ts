import {
  type Address,
  type Cid,
  type DealProposal,
  parseAddress,
  parseCid,
  undefinedCid,
} from '@sealane/actors'
import type { Signature } from '@sealane/crypto'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import {
  type DealParams,
  type DealStatus,
  type DealStatusResponse,
  parseDealUuid,
  type SignedStorageAsk,
  type StorageAsk,
  type Transfer,
} from '../src/index.js'

/** A struct as the vector file writes it: Go's field names, big numbers as decimal text, bytes as hex. */
export type GoFields = Record<string, unknown>

export const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (h) => Number.parseInt(h, 16))
export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')

const record = (value: unknown): GoFields => value as GoFields
const text = (value: unknown): string => value as string
const big = (value: unknown): bigint => BigInt(value as string | number)
const cidOrUndefined = (value: unknown): Cid =>
  value === null || value === '' ? undefinedCid : parseCid(text(value))
const nullable = <T>(value: unknown, read: (fields: GoFields) => T): T | null =>
  value === null ? null : read(record(value))

export const address = (value: unknown): Address => parseAddress(text(value))

export function signature(fields: GoFields): Signature {
  return { type: Number(fields.type) as 1 | 2 | 3, data: fromHex(text(fields.data)) }
}

export function proposal(fields: GoFields): DealProposal {
  const label = record(fields.Label)
  return {
    pieceCid: cidOrUndefined(fields.PieceCID),
    pieceSize: paddedSize(big(fields.PieceSize)),
    verifiedDeal: Boolean(fields.VerifiedDeal),
    client: address(fields.Client),
    provider: address(fields.Provider),
    label: label.bytes === undefined ? text(label.string) : fromHex(text(label.bytes)),
    startEpoch: epoch(Number(fields.StartEpoch)),
    endEpoch: epoch(Number(fields.EndEpoch)),
    storagePricePerEpoch: attoFil(big(fields.StoragePricePerEpoch)),
    providerCollateral: attoFil(big(fields.ProviderCollateral)),
    clientCollateral: attoFil(big(fields.ClientCollateral)),
  }
}

export function transfer(fields: GoFields): Transfer {
  return {
    type: text(fields.Type),
    clientId: text(fields.ClientID),
    params: fromHex(text(fields.Params)),
    size: big(fields.Size),
  }
}

export function dealParams(fields: GoFields): DealParams {
  const signed = record(fields.ClientDealProposal)
  return {
    dealUuid: parseDealUuid(text(fields.DealUUID)),
    isOffline: Boolean(fields.IsOffline),
    clientDealProposal: {
      proposal: proposal(record(signed.Proposal)),
      clientSignature: signature(record(signed.ClientSignature)),
    },
    dealDataRoot: cidOrUndefined(fields.DealDataRoot),
    transfer: transfer(record(fields.Transfer)),
    removeUnsealedCopy: Boolean(fields.RemoveUnsealedCopy ?? false),
    skipIpniAnnounce: Boolean(fields.SkipIPNIAnnounce ?? false),
  }
}

export function dealStatus(fields: GoFields): DealStatus {
  return {
    error: text(fields.Error),
    status: text(fields.Status),
    proposal: proposal(record(fields.Proposal)),
    publishCid: fields.PublishCid === null ? null : parseCid(text(fields.PublishCid)),
    chainDealId: Number(fields.ChainDealID),
    sealingStatus: text(fields.SealingStatus),
    signedProposalCid: parseCid(text(fields.SignedProposalCid)),
  }
}

export function dealStatusResponse(fields: GoFields): DealStatusResponse {
  return {
    error: text(fields.Error),
    dealUuid: parseDealUuid(text(fields.DealUUID)),
    isOffline: Boolean(fields.IsOffline),
    dealStatus: nullable(fields.DealStatus, dealStatus),
    transferSize: big(fields.TransferSize),
    bytesReceived: big(fields.NBytesReceived),
  }
}

export function storageAsk(fields: GoFields): StorageAsk {
  return {
    miner: address(fields.Miner),
    price: attoFil(big(fields.Price)),
    verifiedPrice: attoFil(big(fields.VerifiedPrice)),
    minPieceSize: big(fields.MinPieceSize),
    maxPieceSize: big(fields.MaxPieceSize),
    timestamp: Number(fields.Timestamp),
    expiry: Number(fields.Expiry),
    sequence: Number(fields.SeqNo),
  }
}

export function signedStorageAsk(fields: GoFields): SignedStorageAsk {
  return { ask: nullable(fields.Ask, storageAsk), signature: nullable(fields.Signature, signature) }
}
