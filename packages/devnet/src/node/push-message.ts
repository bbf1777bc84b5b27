import type { Message, SignedMessage } from '@sealane/actors'
import { estimateMessageGas } from '../gas/estimate-gas.js'
import { LedgerError } from '../ledger/ledger-error.js'
import type { DevnetNode } from './devnet-node.js'

/**
 * Fills in gas and nonce, signs with a key of the node's wallet, and pools a message. The same `uuid` is answered with
 * the message it made first. Source: filecoin-project/lotus chain/messagesigner.
 * @throws LedgerError in lotus' words
 */
export function pushMessage(
  node: DevnetNode,
  message: Message,
  spec: { readonly maxFee: bigint; readonly maximizeFeeCap: boolean; readonly uuid?: string } | undefined,
): Promise<SignedMessage> {
  // One at a time: nonces are handed out here.
  return node.signing.take(() => push(node, message, spec))
}

async function push(
  node: DevnetNode,
  message: Message,
  spec: { readonly maxFee: bigint; readonly maximizeFeeCap: boolean; readonly uuid?: string } | undefined,
): Promise<SignedMessage> {
  if (spec?.uuid !== undefined) {
    const before = await node.store.pushed(spec.uuid)
    if (before !== undefined) return await node.message(before)
  }
  if (message.nonce !== 0) {
    throw new LedgerError(`MpoolPushMessage expects message nonce to be 0, was ${message.nonce}`)
  }
  const from = await senderKey(node, message)
  const filled = await estimated(node, { ...message, from }, spec)
  const nonce = await node.pool.nextNonce(from)
  const signed = node.wallet.signMessage(from, { ...filled, nonce })
  try {
    await node.pool.push(signed, { trusted: true, ...(spec?.uuid === undefined ? {} : { uuid: spec.uuid }) })
  } catch (cause) {
    throw cause instanceof LedgerError
      ? new LedgerError(`mpool push: failed to push message: ${cause.message}`)
      : cause
  }
  return signed
}

async function senderKey(node: DevnetNode, message: Message) {
  const protocol = message.from[1]
  if (protocol === '1' || protocol === '3') return message.from
  try {
    return await node.senderOf(message.from)
  } catch (cause) {
    throw cause instanceof LedgerError ? new LedgerError(`getting key address: ${cause.message}`) : cause
  }
}

async function estimated(node: DevnetNode, message: Message, spec: Parameters<typeof estimateMessageGas>[2]) {
  try {
    return await estimateMessageGas(node, message, spec)
  } catch (cause) {
    // The code of the inner error is lost on the way, in lotus too.
    throw cause instanceof LedgerError
      ? new LedgerError(`GasEstimateMessageGas error: ${cause.message}`)
      : cause
  }
}
