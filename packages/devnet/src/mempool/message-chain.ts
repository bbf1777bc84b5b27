import { effectiveGasPremium, requiredFunds } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import type { Pooled } from './pooled.js'
import type { SenderState } from './sender-state.js'

/** What a message brings the producer, and the gas it may take. */
interface Link {
  readonly pooled: Pooled
  readonly reward: bigint
  readonly gasLimit: bigint
}

/** Messages of one sender in a row that are taken together, or from the front. */
export class MessageChain {
  #links: Link[]
  reward = 0n
  gasLimit = 0n
  /** The sender's chain that can only follow this one whole. */
  next: MessageChain | undefined
  valid = true

  constructor(links: readonly Link[]) {
    this.#links = [...links]
    for (const { reward, gasLimit } of links) {
      this.reward += reward
      this.gasLimit += gasLimit
    }
  }

  get messages(): Pooled[] {
    return this.#links.map(({ pooled }) => pooled)
  }

  append(other: MessageChain): void {
    this.#links.push(...other.#links)
    this.reward += other.reward
    this.gasLimit += other.gasLimit
  }

  /** Drops messages from the end until it fits; what followed it is lost. */
  trim(gasLimit: bigint): void {
    while (this.gasLimit > gasLimit) {
      const last = this.#links.pop()
      if (last === undefined) break
      this.reward -= last.reward
      this.gasLimit -= last.gasLimit
    }
    if (this.#links.length === 0) this.valid = false
    for (let next = this.next; next !== undefined; next = next.next) next.valid = false
    this.next = undefined
  }

  /** Whether it pays at least as much for its gas as the other. */
  paysAsMuchAs(other: MessageChain): boolean {
    return this.reward * other.gasLimit >= other.reward * this.gasLimit
  }

  /** Whether it is taken before the other: the better paid for its gas, then the better paid, then who came first. */
  before(other: MessageChain): boolean {
    const [mine, theirs] = [this.reward * other.gasLimit, other.reward * this.gasLimit]
    if (mine !== theirs) return mine > theirs
    if (this.reward !== other.reward) return this.reward > other.reward
    return (this.#links[0]?.pooled.arrival ?? 0) < (other.#links[0]?.pooled.arrival ?? 0)
  }
}

/**
 * One sender's messages that can be included, as chains: a chain goes on as long as the next message does not make it
 * pay less for its gas, and a better paid one behind a worse one pulls it along. The first pays best.
 * Source: filecoin-project/lotus chain/messagepool/selection.go (createMessageChains).
 */
export function messageChains(
  pooled: readonly Pooled[],
  sender: SenderState,
  baseFee: AttoFil,
  blockGas: bigint,
): MessageChain[] {
  const chains: MessageChain[] = []
  for (const link of includable(pooled, sender, baseFee, blockGas)) {
    const single = new MessageChain([link])
    const last = chains.at(-1)
    if (last !== undefined && single.paysAsMuchAs(last)) last.append(single)
    else chains.push(single)
  }
  for (let merged = true; merged; ) {
    merged = false
    for (let at = chains.length - 1; at > 0; at--) {
      const [before, chain] = [chains[at - 1], chains[at]]
      if (before === undefined || chain === undefined || !chain.paysAsMuchAs(before)) continue
      before.append(chain)
      chains.splice(at, 1)
      merged = true
    }
  }
  for (const [at, chain] of chains.entries()) chain.next = chains[at + 1]
  return chains
}

/** Those that follow the sender's nonce without a gap, as far as fee caps, balance and the gas of one block reach. */
function includable(
  pooled: readonly Pooled[],
  sender: SenderState,
  baseFee: AttoFil,
  blockGas: bigint,
): Link[] {
  const links: Link[] = []
  let { nonce } = sender
  let balance: bigint = sender.balance
  let gas = 0n
  for (const one of [...pooled].sort((a, b) => a.signed.message.nonce - b.signed.message.nonce)) {
    const { message } = one.signed
    if (message.nonce < nonce) continue
    const gasLimit = BigInt(message.gasLimit)
    gas += gasLimit
    balance -= requiredFunds(message)
    if (message.nonce > nonce || message.gasFeeCap < baseFee || balance < 0n || gas > blockGas) break
    // A value that is not there makes the message fail; its fees are paid all the same.
    if (balance >= message.value) balance -= message.value
    links.push({ pooled: one, reward: effectiveGasPremium(message, baseFee) * gasLimit, gasLimit })
    nonce++
  }
  return links
}
