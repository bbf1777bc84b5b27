import type { Address } from '@sealane/actors'
import { effectiveGasPremium, requiredFunds } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import type { Pooled } from './pooled.js'

/** What a producer must know of a sender: undefined when it is not on chain. */
export interface SenderState {
  readonly nonce: number
  readonly balance: AttoFil
}

export interface Selection {
  readonly baseFee: AttoFil
  /** Gas of one block. */
  readonly gasLimit: number
  /** Senders whose messages go first, whatever they pay. */
  readonly priority: readonly Address[]
  sender(address: Address): SenderState | undefined
}

/**
 * The messages that the next block takes, in order: of each sender those that follow its nonce without a gap, as far
 * as fee caps and balance reach; between senders the better paid first, priority senders before all.
 */
export function selectMessages(
  bySender: ReadonlyMap<Address, readonly Pooled[]>,
  rules: Selection,
): Pooled[] {
  const chains: { rank: number; next: number; messages: Pooled[] }[] = []
  for (const [address, pooled] of bySender) {
    const messages = ready(address, pooled, rules)
    if (messages.length > 0)
      chains.push({ rank: rules.priority.includes(address) ? 0 : 1, next: 0, messages })
  }
  const taken: Pooled[] = []
  let gas = 0
  for (;;) {
    let best: (typeof chains)[number] | undefined
    for (const chain of chains) {
      if (chain.next < chain.messages.length && (best === undefined || better(chain, best, rules.baseFee)))
        best = chain
    }
    const message = best?.messages[best.next]
    if (best === undefined || message === undefined) return taken
    best.next++
    if (gas + message.signed.message.gasLimit > rules.gasLimit) {
      best.next = best.messages.length
      continue
    }
    gas += message.signed.message.gasLimit
    taken.push(message)
  }
}

function ready(address: Address, pooled: readonly Pooled[], rules: Selection): Pooled[] {
  const sender = rules.sender(address)
  if (sender === undefined) return []
  const inOrder = [...pooled].sort((a, b) => a.signed.message.nonce - b.signed.message.nonce)
  const messages: Pooled[] = []
  let nonce = sender.nonce
  let left: bigint = sender.balance
  for (const one of inOrder) {
    const { message } = one.signed
    if (message.nonce < nonce) continue
    left -= requiredFunds(message)
    if (message.nonce > nonce || message.gasFeeCap < rules.baseFee || left < 0n) break
    messages.push(one)
    nonce++
  }
  return messages
}

function better(
  a: { rank: number; next: number; messages: Pooled[] },
  b: { rank: number; next: number; messages: Pooled[] },
  baseFee: AttoFil,
): boolean {
  if (a.rank !== b.rank) return a.rank < b.rank
  const [first, second] = [a.messages[a.next], b.messages[b.next]]
  if (first === undefined || second === undefined) return first !== undefined
  const [premiumA, premiumB] = [
    effectiveGasPremium(first.signed.message, baseFee),
    effectiveGasPremium(second.signed.message, baseFee),
  ]
  return premiumA === premiumB ? first.arrival < second.arrival : premiumA > premiumB
}
