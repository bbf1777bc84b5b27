import { address } from '../address.js'
import { bigInt } from '../bigint.js'
import type { Decoded } from '../cbor/codec.js'
import { bytes } from '../cbor/scalars.js'
import { array, tuple } from '../cbor/structures.js'

// Datacap is a token (FRC-0046): amounts are bytes × 10^18.

/** Exported Transfer. */
export const transferParams = tuple({ to: address, amount: bigInt, operatorData: bytes })
export type TransferParams = Decoded<typeof transferParams>

/** Balances after the transfer, and what the receiver answered. */
export const transferReturn = tuple({ fromBalance: bigInt, toBalance: bigInt, recipientData: bytes })

/** Exported TransferFrom. */
export const transferFromParams = tuple({ from: address, to: address, amount: bigInt, operatorData: bytes })
export const transferFromReturn = tuple({
  fromBalance: bigInt,
  toBalance: bigInt,
  allowance: bigInt,
  recipientData: bytes,
})

/** Exported Mint; sent by the verified registry. */
export const mintParams = tuple({ to: address, amount: bigInt, operators: array(address) })
export const mintReturn = tuple({ balance: bigInt, supply: bigInt, recipientData: bytes })

/** Exported Destroy; sent by the verified registry. It returns a {@link burnReturn}. */
export const destroyParams = tuple({ owner: address, amount: bigInt })

/** Exported IncreaseAllowance; like the two below it returns the bare new allowance. */
export const increaseAllowanceParams = tuple({ operator: address, increase: bigInt })
/** Exported DecreaseAllowance. */
export const decreaseAllowanceParams = tuple({ operator: address, decrease: bigInt })
/** Exported RevokeAllowance. */
export const revokeAllowanceParams = tuple({ operator: address })
/** Exported Allowance. */
export const getAllowanceParams = tuple({ owner: address, operator: address })

/** Exported Burn. */
export const burnParams = tuple({ amount: bigInt })
export const burnReturn = tuple({ balance: bigInt })
/** Exported BurnFrom. */
export const burnFromParams = tuple({ owner: address, amount: bigInt })
export const burnFromReturn = tuple({ balance: bigInt, allowance: bigInt })
