import { address } from '../address.js'
import { bigIntBytes } from '../bigint.js'
import { chainEpoch } from '../cbor/quantities.js'
import { bool, bytes, int, uint } from '../cbor/scalars.js'
import { array, type Shape, tuple } from '../cbor/structures.js'

/** Method 1. */
export const multisigConstructorParams = tuple({
  signers: array(address),
  numApprovalsThreshold: uint,
  unlockDuration: chainEpoch,
  startEpoch: chainEpoch,
})

const proposed = { to: address, value: bigIntBytes, method: uint, params: bytes } satisfies Shape

/** Method 2: the message to be approved. */
export const proposeParams = tuple(proposed)
export const proposeReturn = tuple({ txnId: int, applied: bool, code: int, ret: bytes })

/** Methods 3 and 4. `proposalHash` is blake2b-256 of {@link proposalHashData}, or empty to skip the check. */
export const txnIdParams = tuple({ id: int, proposalHash: bytes })
export const approveReturn = tuple({ applied: bool, code: int, ret: bytes })

/** Method 5: `increase` raises the threshold by one too. */
export const addSignerParams = tuple({ signer: address, increase: bool })

/** Method 6: `decrease` lowers the threshold by one too. */
export const removeSignerParams = tuple({ signer: address, decrease: bool })

/** Method 7. */
export const swapSignerParams = tuple({ from: address, to: address })

/** Method 8. */
export const changeNumApprovalsThresholdParams = tuple({ newThreshold: uint })

/** Method 9. */
export const lockBalanceParams = tuple({
  startEpoch: chainEpoch,
  unlockDuration: chainEpoch,
  amount: bigIntBytes,
})

/** A proposal waiting for approvals, as the state keeps it. */
export const multisigTransaction = tuple({ ...proposed, approved: array(address) })

/** What a proposal's hash covers. */
export const proposalHashData = tuple({ requester: address, ...proposed })
