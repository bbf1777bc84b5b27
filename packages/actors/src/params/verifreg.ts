import { address } from '../address.js'
import { bigInt } from '../bigint.js'
import type { Decoded } from '../cbor/codec.js'
import { chainEpoch, pieceSize } from '../cbor/quantities.js'
import { bool, bytes, uint } from '../cbor/scalars.js'
import { array, type Shape, tuple } from '../cbor/structures.js'
import { cid } from '../cid.js'
import { signature } from '../signature.js'
import { batchReturn } from './batch-return.js'

// Verified registry (f06). Allowances are bytes; sizes padded bytes; terms epochs.

/** Methods 2 (AddVerifier) and 4 (AddVerifiedClient) share one shape. */
export const addVerifiedClientParams = tuple({ address, allowance: bigInt })

/** One of the two verifiers who agree to take datacap away. */
export const removeDataCapRequest = tuple({ verifier: address, verifierSignature: signature })

/** Method 7. */
export const removeDataCapParams = tuple({
  verifiedClientToRemove: address,
  dataCapAmountToRemove: bigInt,
  verifierRequest1: removeDataCapRequest,
  verifierRequest2: removeDataCapRequest,
})
export const removeDataCapReturn = tuple({ verifiedClient: address, dataCapRemoved: bigInt })

/** Method 8; no ids means all that are expired. */
export const removeExpiredAllocationsParams = tuple({ client: uint, allocationIds: array(uint) })

/** Method 8's answer: what was looked at, how each went, and the bytes of datacap returned. */
export const removeExpiredAllocationsReturn = tuple({
  considered: array(uint),
  results: batchReturn,
  dataCapRecovered: bigInt,
})

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
export const claimAllocationsReturn = tuple({ batchInfo: batchReturn, claimedSpace: bigInt })

/** Method 10. */
export const getClaimsParams = tuple({ provider: uint, claimIds: array(uint) })

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

/** Method 11; it returns a {@link batchReturn}. */
export const extendClaimTermsParams = tuple({
  terms: array(tuple({ provider: uint, claimId: uint, termMax: chainEpoch })),
})

/** Method 12; no ids means all that are expired. */
export const removeExpiredClaimsParams = tuple({ provider: uint, claimIds: array(uint) })

/** Method 12's answer. */
export const removeExpiredClaimsReturn = tuple({ considered: array(uint), results: batchReturn })

const allocationTerms = {
  provider: uint,
  data: cid,
  size: pieceSize,
  termMin: chainEpoch,
  termMax: chainEpoch,
  expiration: chainEpoch,
} satisfies Shape

/** A pending allocation. */
export const allocation = tuple({ client: uint, ...allocationTerms })

/** Operator data of a datacap transfer to f06: what to allocate and which claims to extend. */
export const allocationRequests = tuple({
  allocations: array(tuple(allocationTerms)),
  extensions: array(tuple({ provider: uint, claim: uint, termMax: chainEpoch })),
})

/** f06's answer to such a transfer. */
export const allocationsResponse = tuple({
  allocationResults: batchReturn,
  extensionResults: batchReturn,
  newAllocations: array(uint),
})

/** What any actor is told when it receives tokens (FRC-0046). */
export const universalReceiverParams = tuple({ type: uint, payload: bytes })
