import { address } from '../address.js'
import { bigIntBytes } from '../bigint.js'
import type { Decoded } from '../cbor/codec.js'
import { chainEpoch } from '../cbor/quantities.js'
import { bool, bytes, int, uint } from '../cbor/scalars.js'
import { array, tuple } from '../cbor/structures.js'

/** Method 1. */
export const multisigConstructorParams = tuple({
  signers: array(address),
  numApprovalsThreshold: uint,
  unlockDuration: chainEpoch,
  startEpoch: chainEpoch,
})
export type MultisigConstructorParams = Decoded<typeof multisigConstructorParams>

/** Method 2: the message to be approved. */
export const proposeParams = tuple({ to: address, value: bigIntBytes, method: uint, params: bytes })
export type ProposeParams = Decoded<typeof proposeParams>
export const proposeReturn = tuple({ txnId: int, applied: bool, code: int, ret: bytes })
export type ProposeReturn = Decoded<typeof proposeReturn>

/** Methods 3 and 4. `proposalHash` is blake2b-256 of {@link proposalHashData}, or empty to skip the check. */
export const txnIdParams = tuple({ id: int, proposalHash: bytes })
export type TxnIdParams = Decoded<typeof txnIdParams>
export const approveReturn = tuple({ applied: bool, code: int, ret: bytes })
export type ApproveReturn = Decoded<typeof approveReturn>

/** Method 5: `increase` raises the threshold by one too. */
export const addSignerParams = tuple({ signer: address, increase: bool })
export type AddSignerParams = Decoded<typeof addSignerParams>

/** Method 6: `decrease` lowers the threshold by one too. */
export const removeSignerParams = tuple({ signer: address, decrease: bool })
export type RemoveSignerParams = Decoded<typeof removeSignerParams>

/** Method 7. */
export const swapSignerParams = tuple({ from: address, to: address })
export type SwapSignerParams = Decoded<typeof swapSignerParams>

/** Method 8. */
export const changeNumApprovalsThresholdParams = tuple({ newThreshold: uint })
export type ChangeNumApprovalsThresholdParams = Decoded<typeof changeNumApprovalsThresholdParams>

/** Method 9. */
export const lockBalanceParams = tuple({
  startEpoch: chainEpoch,
  unlockDuration: chainEpoch,
  amount: bigIntBytes,
})
export type LockBalanceParams = Decoded<typeof lockBalanceParams>

/** A proposal waiting for approvals, as the state keeps it. */
export const multisigTransaction = tuple({
  to: address,
  value: bigIntBytes,
  method: uint,
  params: bytes,
  approved: array(address),
})
export type MultisigTransaction = Decoded<typeof multisigTransaction>

/** What a proposal's hash covers. */
export const proposalHashData = tuple({
  requester: address,
  to: address,
  value: bigIntBytes,
  method: uint,
  params: bytes,
})
export type ProposalHashData = Decoded<typeof proposalHashData>
