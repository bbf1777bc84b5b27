import type { Address, Message } from '@sealane/actors'
import { effectiveGasPremium } from '@sealane/actors'
import { type AttoFil, attoFil } from '@sealane/fil-units'
import { LedgerError } from '../ledger/ledger-error.js'
import type { DevnetNode } from '../node/devnet-node.js'
import { shown } from '../node/network.js'
import { applyMessage, type ChainState, estimateGasLimit, query } from '../vm/index.js'
import {
  capFee,
  estimateFeeCap,
  estimatePremium,
  gasLimitOverestimation,
  type PaidGas,
} from './fee-estimates.js'

/** A fee cap is estimated to last this many full blocks. Source: filecoin-project/lotus node/impl/gasutils (maxqueueblks 20). */
const feeCapQueueBlocks = 20

/** Premiums are read from twice as many tipsets as the blocks asked for. Source: lotus node/impl/gasutils. */
const defaultPremiumBlocks = 10

/** Names of exit codes as lotus prints them. Source: filecoin-project/go-state-types exitcode. */
const exitNames: Readonly<Record<number, string>> = {
  1: 'SysErrSenderInvalid',
  2: 'SysErrSenderStateInvalid',
  4: 'SysErrIllegalInstruction',
  5: 'SysErrInvalidReceiver',
  6: 'SysErrInsufficientFunds',
  7: 'SysErrOutOfGas',
  8: 'SysErrForbidden',
  9: 'SysErrorIllegalActor',
  10: 'SysErrorIllegalArgument',
  11: 'SysErrMissingReturn',
  16: 'ErrIllegalArgument',
  17: 'ErrNotFound',
  18: 'ErrForbidden',
  19: 'ErrInsufficientFunds',
  20: 'ErrIllegalState',
  21: 'ErrSerialization',
  22: 'ErrUnhandledMessage',
  23: 'ErrUnspecified',
  24: 'ErrAssertionFailed',
  25: 'ErrReadOnly',
  26: 'ErrNotPayable',
}

/** JSON-RPC code of a simulation that failed, and the data lotus sends with it. */
const executionReverted = 3
const noData = '0x'

/**
 * Gas that a message would use in the next block, after what its sender has pooled, with lotus' margin.
 * @throws LedgerError with the chain's words when it would fail
 */
export async function estimateLimit(node: DevnetNode, message: Message): Promise<number> {
  const context = await node.nextContext()
  let state = await node.latest()
  const sender = query.actor(state, message.from)
  if (sender === undefined) {
    throw new LedgerError(
      `gas estimation failed: CallWithGas failed: sender ${shown(message.from)} not found on chain: sender validation failed`,
    )
  }
  state = await afterPending(node, state, message.from)
  const { gasUsed, applied } = await estimateGasLimit(state, context, message)
  const { exitCode } = applied.receipt
  if (exitCode !== 0) {
    const name = exitNames[exitCode] === undefined ? String(exitCode) : `${exitNames[exitCode]}(${exitCode})`
    throw new LedgerError(
      `message execution failed (exit=[${name}], vm error=[${applied.error}])`,
      executionReverted,
      noData,
    )
  }
  return Math.min(10_000_000_000, Math.floor(gasUsed * gasLimitOverestimation))
}

/** The state after the sender's pooled messages: what a following message will find. */
async function afterPending(node: DevnetNode, from: ChainState, sender: Address): Promise<ChainState> {
  const key = query.accountKey(from, sender)
  if (key === undefined) return from
  const context = await node.nextContext()
  let state = from
  for (const { signed } of node.pool.of(key)) {
    const applied = await applyMessage(state, context, signed)
    if (applied.included) state = applied.state
  }
  return state
}

/** The premium that recent blocks suggest. */
export async function premiumFor(node: DevnetNode, blocks: number): Promise<AttoFil> {
  const paid: PaidGas[] = []
  let count = 0
  let block = node.head
  while (count < 2 * blocks && block.header.height > 0) {
    if (block.messageCount > 0) {
      for (const { message: cid } of await node.store.inclusionsIn(block.cid)) {
        const { message } = await node.message(cid)
        paid.push({
          premium: effectiveGasPremium(message, block.header.parentBaseFee),
          gasLimit: message.gasLimit,
        })
      }
    }
    count++
    block = await node.ledger.parent(block)
  }
  return estimatePremium(paid, Math.max(1, count), blocks)
}

/** A fee cap for a message with this premium. */
export function feeCapFor(node: DevnetNode, premium: AttoFil, queueBlocks: number): AttoFil {
  return estimateFeeCap(node.head.header.parentBaseFee, premium, queueBlocks)
}

/** Fills in what the message leaves at zero: gas limit, premium, fee cap, the last kept within the most it may cost. */
export async function estimateMessageGas(
  node: DevnetNode,
  message: Message,
  spec: { readonly maxFee: bigint; readonly maximizeFeeCap: boolean } | undefined,
): Promise<Message> {
  const gasLimit =
    message.gasLimit === 0
      ? await estimateLimit(node, { ...message, gasFeeCap: attoFil(0n), gasPremium: attoFil(0n) })
      : message.gasLimit
  const gasPremium =
    message.gasPremium === 0n ? await premiumFor(node, defaultPremiumBlocks) : message.gasPremium
  const gasFeeCap =
    message.gasFeeCap === 0n ? feeCapFor(node, gasPremium, feeCapQueueBlocks) : message.gasFeeCap
  const filled = { ...message, gasLimit, gasPremium, gasFeeCap }
  return capFee(filled, attoFil(spec?.maxFee ?? 0n), spec?.maximizeFeeCap === true)
}
