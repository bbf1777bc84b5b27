import { type NetworkPolicy, parseAddress } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { formatDurationInWords } from '@sealane/fil-units'

/** Wall time of so many epochs, in words. */
export function wallTime(epochs: number, blockDelaySeconds: number): string {
  return formatDurationInWords(epochs * blockDelaySeconds * 1000, 2)
}

/** What a run waits for by the network's rules alone, whatever the machine: one line for people. */
export function schedule(policy: NetworkPolicy, blockDelaySeconds: number): string {
  const time = (epochs: number) => wallTime(epochs, blockDelaySeconds)
  const seed = policy.preCommitChallengeDelay + policy.seedConfidence
  return `by wall time the chain alone takes: ${time(policy.publishConfidence)} until a publish message counts, ${time(seed)} from PreCommit to its seed, up to ${time(policy.provingPeriod + policy.challengeWindow)} from ProveCommit to the first WindowPoSt`
}

/** When a sector's deadline opens next: how many epochs from the head, and at which. */
export async function nextOpening(
  chain: ChainPort,
  miner: string,
  deadline: number,
): Promise<{ epoch: number; epochsLeft: number }> {
  const now = await chain.provingDeadline(parseAddress(miner))
  const open = now.periodStart + deadline * now.wpostChallengeWindow
  // Of this period, or, when it is open or past, of the next.
  const epoch = open > now.currentEpoch ? open : open + now.wpostProvingPeriod
  return { epoch, epochsLeft: epoch - now.currentEpoch }
}
