import { Injectable } from '@nestjs/common'
import { type Address, randomnessTags, replicaCommitmentOf } from '@sealane/actors'
import { ChainPort, type Partition, type TipSet } from '@sealane/chain'
import { epoch } from '@sealane/fil-units'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import type { PartitionRow } from './partition-row.js'

export interface Duty {
  readonly allSectors: number[]
  /** (live − faulty) ∪ recovering, ascending. Source: lotus storage/wdpost/wdpost_run.go runPoStCycle. */
  readonly toProve: number[]
  readonly faulty: number[]
  readonly recovering: number[]
}

/** What the chain says about a partition. Nothing is cached: a reorg changes all of it. */
@Injectable()
export class PostFacts {
  constructor(
    private readonly chain: ChainPort,
    private readonly network: Network,
    private readonly actor: MinerActor,
  ) {}

  async duty(row: PartitionRow, at: TipSet): Promise<Duty> {
    const partitions = await this.chain.partitions(row.miner as Address, row.deadline, at.key)
    return dutyOf(partitions[row.partition])
  }

  /** Randomness of a challenge epoch, 32 bytes. */
  async challenge(challengeEpoch: number, at: TipSet): Promise<Uint8Array> {
    const { entropy } = await this.actor.require()
    return await this.chain.beaconRandomness(
      randomnessTags.WindowedPoStChallengeSeed,
      epoch(challengeEpoch),
      entropy,
      at.key,
    )
  }

  /** What shows the actor that the proof was made on this chain. */
  async chainCommitment(commitEpoch: number, at: TipSet): Promise<Uint8Array> {
    return await this.chain.ticketRandomness(
      randomnessTags.PoStChainCommit,
      epoch(commitEpoch),
      new Uint8Array(),
      at.key,
    )
  }

  /** The last tipset below an epoch. */
  async before(height: number, head: TipSet): Promise<TipSet> {
    return head.height < height ? head : await this.chain.tipSetByHeight(epoch(height - 1), head.key)
  }

  async commitments(
    row: PartitionRow,
    numbers: readonly number[],
    at: TipSet,
  ): Promise<{ sectorNumber: number; commR: Uint8Array }[]> {
    if (numbers.length === 0) return []
    const sectors = await this.chain.sectors(row.miner as Address, numbers, at.key)
    return sectors
      .map(({ sectorNumber, sealedCid }) => ({ sectorNumber, commR: replicaCommitmentOf(sealedCid) }))
      .sort((a, b) => a.sectorNumber - b.sectorNumber)
  }

  /**
   * Whether the chain has an accepted PoSt of this partition in this very period: seen at the head, and believed at landing confidence.
   * Submissions are wiped when the deadline closes, so tipsets outside (open, close) say nothing.
   */
  async proven(row: PartitionRow, head: TipSet): Promise<'no' | 'seen' | 'believed'> {
    const { landing } = this.network.confidence()
    const newest = Math.min(head.height, row.close - 1)
    const believed = Math.min(head.height - landing, row.close - 1)
    if (newest <= row.open) return 'no'
    if (believed > row.open && (await this.#submitted(row, head, believed))) return 'believed'
    return (await this.#submitted(row, head, newest)) ? 'seen' : 'no'
  }

  async #submitted(row: PartitionRow, head: TipSet, height: number): Promise<boolean> {
    const at = height === head.height ? head : await this.chain.tipSetByHeight(epoch(height), head.key)
    if (at.height <= row.open) return false
    const deadlines = await this.chain.deadlines(row.miner as Address, at.key)
    return deadlines[row.deadline]?.postSubmissions.has(row.partition) ?? false
  }
}

export function dutyOf(partition: Partition | undefined): Duty {
  if (partition === undefined) return { allSectors: [], toProve: [], faulty: [], recovering: [] }
  const { liveSectors, faultySectors, recoveringSectors } = partition
  return {
    allSectors: liveSectors.toNumbers(),
    toProve: liveSectors.subtract(faultySectors).union(recoveringSectors).toNumbers(),
    faulty: faultySectors.toNumbers(),
    recovering: recoveringSectors.toNumbers(),
  }
}
