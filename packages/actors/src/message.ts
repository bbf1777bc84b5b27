import type { Signature } from '@sealane/crypto'
import { type AttoFil, attoFil } from '@sealane/fil-units'
import { type Address, address } from './address.js'
import { bigIntBytes } from './bigint.js'
import { CborError } from './cbor/cbor-error.js'
import { type Codec, mapped } from './cbor/codec.js'
import { bytes, int, uint } from './cbor/scalars.js'
import { tuple } from './cbor/structures.js'
import { type Cid, cidBytes, dagCborCid } from './cid.js'
import { signature } from './signature.js'

/** An unsigned chain message. Amounts in attoFIL; `gasLimit` in gas units; fee cap and premium in attoFIL per gas unit. */
export interface Message {
  version: 0
  to: Address
  from: Address
  nonce: number
  value: AttoFil
  gasLimit: number
  gasFeeCap: AttoFil
  gasPremium: AttoFil
  method: number
  params: Uint8Array
}

/** A message with its sender's signature over {@link signingBytes}. */
export interface SignedMessage {
  message: Message
  signature: Signature
}

const version: Codec<0> = mapped(
  uint,
  (value) => {
    if (value !== 0) throw new CborError('INVALID_VALUE', `decoded message had incorrect version (${value})`)
    return 0
  },
  (value) => value,
)

/** Source: lotus chain/types/cbor_gen.go, an array of ten. */
export const message: Codec<Message> = tuple({
  version,
  to: address,
  from: address,
  nonce: uint,
  value: bigIntBytes,
  gasLimit: int,
  gasFeeCap: bigIntBytes,
  gasPremium: bigIntBytes,
  method: uint,
  params: bytes,
})

/** Source: lotus chain/types/cbor_gen.go, an array of two. */
export const signedMessage: Codec<SignedMessage> = tuple({ message, signature })

/** CBOR of an unsigned message. @throws CborError */
export const encodeMessage: (value: Message) => Uint8Array = message.encode
/** The inverse; refuses trailing bytes. @throws CborError */
export const decodeMessage: (input: Uint8Array) => Message = message.decode
/** CBOR of a signed message: what is persisted before a push. @throws CborError */
export const encodeSignedMessage: (value: SignedMessage) => Uint8Array = signedMessage.encode
/** The inverse; refuses trailing bytes. @throws CborError */
export const decodeSignedMessage: (input: Uint8Array) => SignedMessage = signedMessage.decode

/** CID of the unsigned message, whoever signs it. */
export function messageCid(value: Message): Cid {
  return dagCborCid(encodeMessage(value))
}

/**
 * The CID under which the chain and the mempool know a signed message: of the unsigned message for BLS (blocks
 * aggregate those signatures away), of the whole for the other kinds. Source: lotus chain/types/signedmessage.go.
 */
export function signedMessageCid(value: SignedMessage): Cid {
  return value.signature.type === 2 ? messageCid(value.message) : dagCborCid(encodeSignedMessage(value))
}

/** What secp256k1 and BLS senders sign: the 38 bytes of the unsigned message's CID. */
export function signingBytes(value: Message): Uint8Array {
  return cidBytes(messageCid(value))
}

/** Bytes the sender pays storage gas for: BLS signatures are not charged. Source: signedmessage.go ChainLength. */
export function chainLengthBytes(value: SignedMessage): number {
  return (value.signature.type === 2 ? encodeMessage(value.message) : encodeSignedMessage(value)).length
}

/**
 * The most the sender can be charged for gas: fee cap × gas limit. The value is not included. A negative gas limit,
 * which no block includes, counts as the uint64 with its bits, as in Lotus (chain/types/message.go RequiredFunds).
 */
export function requiredFunds(value: Message): AttoFil {
  return attoFil(value.gasFeeCap * BigInt.asUintN(64, BigInt(value.gasLimit)))
}

/** What the block producer really earns per gas unit: min(premium, fee cap − base fee), never negative. */
export function effectiveGasPremium(value: Message, baseFee: AttoFil): AttoFil {
  const room = value.gasFeeCap - baseFee
  if (room < 0n) return attoFil(0n)
  if (value.gasPremium < room) return value.gasPremium
  return attoFil(room)
}

/** Total FIL that can ever exist, attoFIL. Source: lotus buildconstants FilBase (2e9 FIL). */
export const TOTAL_FILECOIN: AttoFil = attoFil(2_000_000_000n * 10n ** 18n)
/** Gas units one block may hold. Source: lotus buildconstants BlockGasLimit (1e10). */
export const BLOCK_GAS_LIMIT = 10_000_000_000

/** A message that no block may include. The text is Lotus' own. */
export class MessageError extends Error {
  override readonly name = 'MessageError'
  readonly code = 'MESSAGE_INVALID'
  readonly remedy = 'drop'
}

/**
 * Refuses what Lotus refuses at the mempool's door.
 * @param minGas gas units that storing the message costs at least
 * @throws MessageError. Source: lotus chain/types/message.go ValidForBlockInclusion
 */
export function checkForBlockInclusion(value: Message, minGas = 0): void {
  if (value.version !== 0) throw new MessageError("'Version' unsupported")
  if (value.value < 0n) throw new MessageError("'Value' field cannot be negative")
  if (value.value > TOTAL_FILECOIN) {
    throw new MessageError("'Value' field cannot be greater than total filecoin supply")
  }
  if (value.gasFeeCap < 0n) throw new MessageError("'GasFeeCap' field cannot be negative")
  if (value.gasPremium < 0n) throw new MessageError("'GasPremium' field cannot be negative")
  if (value.gasPremium > value.gasFeeCap) throw new MessageError("'GasFeeCap' less than 'GasPremium'")
  if (value.gasLimit > BLOCK_GAS_LIMIT) {
    throw new MessageError(
      `'GasLimit' field cannot be greater than a block's gas limit (${value.gasLimit} > ${BLOCK_GAS_LIMIT})`,
    )
  }
  if (value.gasLimit <= 0) throw new MessageError(`'GasLimit' field ${value.gasLimit} must be positive`)
  if (value.gasLimit < minGas) {
    throw new MessageError(
      `'GasLimit' field cannot be less than the cost of storing a message on chain ${value.gasLimit} < ${minGas}`,
    )
  }
}
