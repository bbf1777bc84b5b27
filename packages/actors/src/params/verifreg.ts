import { address } from '../address.js'
import { bigInt } from '../bigint.js'
import type { Decoded } from '../cbor/codec.js'
import { chainEpoch, pieceSize } from '../cbor/quantities.js'
import { bool, bytes, uint } from '../cbor/scalars.js'
import { array, tuple } from '../cbor/structures.js'
import { cid } from '../cid.js'
import { signature } from '../signature.js'
import { batchReturn } from './batch-return.js'

// Verified registry (f06). Allowances are bytes; sizes padded bytes; terms epochs.

/** Methods 2 (AddVerifier) and 4 (AddVerifiedClient) share one shape. */
export const addVerifiedClientParams = tuple({ address, allowance: bigInt })
export type AddVerifiedClientParams = Decoded<typeof addVerifiedClientParams>

/** One of the two verifiers who agree to take datacap away. */
export const removeDataCapRequest = tuple({ verifier: address, verifierSignature: signature })
export type RemoveDataCapRequest = Decoded<typeof removeDataCapRequest>

/** Method 7. */
export const removeDataCapParams = tuple({
  verifiedClientToRemove: address,
  dataCapAmountToRemove: bigInt,
  verifierRequest1: removeDataCapRequest,
  verifierRequest2: removeDataCapRequest,
})
export type RemoveDataCapParams = Decoded<typeof removeDataCapParams>
export const removeDataCapReturn = tuple({ verifiedClient: address, dataCapRemoved: bigInt })
export type RemoveDataCapReturn = Decoded<typeof removeDataCapReturn>

/** Method 8; no ids means all that are expired. */
export const removeExpiredAllocationsParams = tuple({ client: uint, allocationIds: array(uint) })
export type RemoveExpiredAllocationsParams = Decoded<typeof removeExpiredAllocationsParams>

/** Method 8's answer: what was looked at, how each went, and the bytes of datacap returned. */
export const removeExpiredAllocationsReturn = tuple({
  considered: array(uint),
  results: batchReturn,
  dataCapRecovered: bigInt,
})
export type RemoveExpiredAllocationsReturn = Decoded<typeof removeExpiredAllocationsReturn>

/** Method 9; sent by a miner actor when it activates verified pieces. */
export const claimAllocationsParams = tuple({
  sectors: array(
    tuple({
      sector: uint,
      sectorExpiry: chainEpoch,
      claims: array(tuple({ client: uint, allocationId: uint, data: cid, size: pieceSize })),
    }),
  ),
  allOrNothing: bool,
})
export type ClaimAllocationsParams = Decoded<typeof claimAllocationsParams>
export const claimAllocationsReturn = tuple({ batchInfo: batchReturn, claimedSpace: bigInt })
export type ClaimAllocationsReturn = Decoded<typeof claimAllocationsReturn>

/** Method 10. */
export const getClaimsParams = tuple({ provider: uint, claimIds: array(uint) })
export type GetClaimsParams = Decoded<typeof getClaimsParams>

/** A client's promise that a provider may count a piece tenfold. */
export const claim = tuple({
  provider: uint,
  client: uint,
  data: cid,
  size: pieceSize,
  termMin: chainEpoch,
  termMax: chainEpoch,
  termStart: chainEpoch,
  sector: uint,
})
export type Claim = Decoded<typeof claim>

/** Method 10's answer: claims of the ids that were found, in order. */
export const getClaimsReturn = tuple({ batchInfo: batchReturn, claims: array(claim) })
export type GetClaimsReturn = Decoded<typeof getClaimsReturn>

/** Method 11; it returns a {@link batchReturn}. */
export const extendClaimTermsParams = tuple({
  terms: array(tuple({ provider: uint, claimId: uint, termMax: chainEpoch })),
})
export type ExtendClaimTermsParams = Decoded<typeof extendClaimTermsParams>

/** Method 12; no ids means all that are expired. */
export const removeExpiredClaimsParams = tuple({ provider: uint, claimIds: array(uint) })
export type RemoveExpiredClaimsParams = Decoded<typeof removeExpiredClaimsParams>

/** Method 12's answer. */
export const removeExpiredClaimsReturn = tuple({ considered: array(uint), results: batchReturn })
export type RemoveExpiredClaimsReturn = Decoded<typeof removeExpiredClaimsReturn>

/** A pending allocation. */
export const allocation = tuple({
  client: uint,
  provider: uint,
  data: cid,
  size: pieceSize,
  termMin: chainEpoch,
  termMax: chainEpoch,
  expiration: chainEpoch,
})
export type Allocation = Decoded<typeof allocation>

/** Operator data of a datacap transfer to f06: what to allocate and which claims to extend. */
export const allocationRequests = tuple({
  allocations: array(
    tuple({
      provider: uint,
      data: cid,
      size: pieceSize,
      termMin: chainEpoch,
      termMax: chainEpoch,
      expiration: chainEpoch,
    }),
  ),
  extensions: array(tuple({ provider: uint, claim: uint, termMax: chainEpoch })),
})
export type AllocationRequests = Decoded<typeof allocationRequests>

/** f06's answer to such a transfer. */
export const allocationsResponse = tuple({
  allocationResults: batchReturn,
  extensionResults: batchReturn,
  newAllocations: array(uint),
})
export type AllocationsResponse = Decoded<typeof allocationsResponse>

/** What any actor is told when it receives tokens (FRC-0046). */
export const universalReceiverParams = tuple({ type: uint, payload: bytes })
export type UniversalReceiverParams = Decoded<typeof universalReceiverParams>
