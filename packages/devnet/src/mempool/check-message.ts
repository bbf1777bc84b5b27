import {
  chainLengthBytes,
  checkForBlockInclusion,
  encodeSignedMessage,
  isDefined,
  MessageError,
  messageCid,
  type SignedMessage,
  signerOf,
  signingBytes,
} from '@sealane/actors'
import { verify } from '@sealane/crypto'
import { LedgerError } from '../ledger/ledger-error.js'
import { onChainMessage } from './check-statuses.js'

/** Longest signed message a pool takes. Unit: bytes. Source: filecoin-project/lotus chain/messagepool (MaxMessageSize). */
const maxMessageBytes = 64 * 1024

/** Least fee cap a pool takes. Unit: attoFIL per gas. Source: filecoin-project/lotus (MinimumBaseFee). */
const minimumBaseFee = 100n

/**
 * What a pool checks without looking at the chain: shape, fees, signature, in lotus' order and words.
 * Source: filecoin-project/lotus chain/messagepool/messagepool.go (checkMessage).
 * @throws LedgerError
 */
export function checkMessage(signed: SignedMessage): void {
  const { message } = signed
  if (!isDefined(message.to)) {
    throw new LedgerError("message not valid for block inclusion: 'To' address cannot be empty")
  }
  if (!isDefined(message.from)) {
    throw new LedgerError("message not valid for block inclusion: 'From' address cannot be empty")
  }
  const size = encodeSignedMessage(signed).length
  if (size > maxMessageBytes) throw new LedgerError(`mpool message too large (${size}B): message too big`)
  try {
    checkForBlockInclusion(message)
  } catch (cause) {
    if (cause instanceof MessageError)
      throw new LedgerError(`message not valid for block inclusion: ${cause.message}`)
    throw cause
  }
  if (message.gasFeeCap < minimumBaseFee) throw new LedgerError('gas fee cap too low')
  checkSignature(signed)
}

/** What carrying it on chain costs must fit its gas limit. @throws LedgerError */
export function checkMinimumGas(signed: SignedMessage): void {
  const { ComputeGas, StorageGas } = onChainMessage(chainLengthBytes(signed))
  const least = ComputeGas + StorageGas
  if (signed.message.gasLimit >= least) return
  throw new LedgerError(
    `verify msg failed: message will not be included in a block: 'GasLimit' field cannot be less than the cost of storing a message on chain ${signed.message.gasLimit} < ${least}`,
  )
}

function checkSignature(signed: SignedMessage): void {
  const { message, signature } = signed
  const failed = (reason: string) => new LedgerError(`signature verification failed: ${reason}`)
  if (signature.type === 2 && signature.data.length !== 96) throw failed('bls signature incorrectly sized')
  const signer = keySigner(signed)
  if (signer === undefined || !verify(signature, signer, signingBytes(message))) {
    throw failed(
      `failed to validate signature: invalid signature for message ${messageCid(message)} (type ${signature.type}): signature did not match`,
    )
  }
}

function keySigner(signed: SignedMessage) {
  try {
    return signerOf(signed.message.from)
  } catch {
    return undefined
  }
}
