import type { Address } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import { type MessageChain, messageChains } from './message-chain.js'
import type { Pooled } from './pooled.js'
import type { SenderState } from './sender-state.js'

export interface Selection {
  readonly baseFee: AttoFil
  /** Gas of one block. */
  readonly gasLimit: number
  /** Senders whose messages go first, whatever they pay. */
  readonly priority: readonly Address[]
  sender(address: Address): SenderState | undefined
}

/**
 * The messages that the next block takes, in order, as lotus selects them for a producer who is sure to win: senders'
 * chains, the best paid for its gas first, and what is left of the block filled with chains cut to fit; priority senders
 * before all. Source: filecoin-project/lotus chain/messagepool/selection.go (selectMessagesGreedy).
 */
export function selectMessages(
  bySender: ReadonlyMap<Address, readonly Pooled[]>,
  rules: Selection,
): Pooled[] {
  const blockGas = BigInt(rules.gasLimit)
  const chainsOf = (isPriority: boolean) =>
    [...bySender].flatMap(([address, pooled]) => {
      const sender = rules.sender(address)
      return sender === undefined || rules.priority.includes(address) !== isPriority
        ? []
        : messageChains(pooled, sender, rules.baseFee, blockGas)
    })
  const first = fill(chainsOf(true), blockGas)
  const rest = fill(chainsOf(false), first.gasLeft)
  return [...first.messages, ...rest.messages]
}

/** Fills so much gas with chains. */
function fill(chains: MessageChain[], gas: bigint): { messages: Pooled[]; gasLeft: bigint } {
  const order = chains.sort((a, b) => (a.before(b) ? -1 : 1))
  const messages: Pooled[] = []
  let gasLeft = gas
  const take = (chain: MessageChain): boolean => {
    if (chain.gasLimit > gasLeft) return false
    gasLeft -= chain.gasLimit
    messages.push(...chain.messages)
    return true
  }
  for (;;) {
    const tooBig = order.findIndex((chain) => chain.valid && !take(chain))
    const chain = order[tooBig]
    if (chain === undefined) return { messages, gasLeft }
    // Whatever stands before it was taken, or follows what was cut. Cut to fit, it may pay less than those behind it.
    order.splice(0, tooBig + 1)
    chain.trim(gasLeft)
    if (!chain.valid) continue
    const behind = order.findIndex((other) => chain.before(other))
    order.splice(behind < 0 ? order.length : behind, 0, chain)
  }
}
