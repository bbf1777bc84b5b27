import { address } from '../address.js'
import { bigInt } from '../bigint.js'
import type { Decoded } from '../cbor/codec.js'
import { bytes } from '../cbor/scalars.js'
import { tuple } from '../cbor/structures.js'

/** Exported Transfer (FRC-0046): amounts are bytes × 10^18. */
export const transferParams = tuple({ to: address, amount: bigInt, operatorData: bytes })
export type TransferParams = Decoded<typeof transferParams>

/** Balances after the transfer, and what the receiver answered. */
export const transferReturn = tuple({ fromBalance: bigInt, toBalance: bigInt, recipientData: bytes })
export type TransferReturn = Decoded<typeof transferReturn>
