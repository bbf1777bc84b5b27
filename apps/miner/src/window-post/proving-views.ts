import { Injectable } from '@nestjs/common'
import { deadlineInfo, nextNotElapsed } from '@sealane/actors'
import { ChainPort, type Deadline, type DeadlineInfo, type Partition, type TipSet } from '@sealane/chain'
import { epoch } from '@sealane/fil-units'
import type { minerOperator, Waiting } from '@sealane/proto'
import type { z } from 'zod'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { type KnownMiner, MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { type PartitionRow, sectorsOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'

type Result<Method extends keyof typeof minerOperator> = z.infer<(typeof minerOperator)[Method]['result']>

/** Rows shown by `proving.partitions`: about a day of a small miner. */
const SHOWN_ROWS = 200
/** Deadlines asked for at the same time. */
const PARALLEL = 8

interface Survey {
  readonly miner: KnownMiner
  readonly head: TipSet
  readonly current: DeadlineInfo
  readonly deadlines: readonly Deadline[]
  readonly partitions: readonly (readonly Partition[])[]
}

/** What `sealane proving …` shows: the chain's deadlines, and our rows. Changes nothing. */
@Injectable()
export class ProvingViews {
  constructor(
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly actor: MinerActor,
    private readonly rows: PartitionStore,
  ) {}

  async info(): Promise<Result<'proving.info'>> {
    const { miner, head, current, partitions } = await this.#survey()
    const { policy } = this.network.require()
    const here = partitions[current.index] ?? []
    return {
      miner: miner.address,
      currentEpoch: head.height,
      periodStart: current.periodStart,
      periodNext: current.periodStart + policy.provingPeriod,
      deadlineIndex: current.index,
      deadlineOpen: current.open,
      deadlineClose: current.close,
      deadlineChallenge: current.challenge,
      faultCutoff: current.faultCutoff,
      deadlineSectors: sum(here, ({ liveSectors }) => liveSectors.count),
      faults: sum(partitions.flat(), ({ faultySectors }) => faultySectors.count),
      recoveries: sum(partitions.flat(), ({ recoveringSectors }) => recoveringSectors.count),
    }
  }

  async deadlines(): Promise<Result<'proving.deadlines'>> {
    const { head, current, deadlines, partitions } = await this.#survey()
    const { policy } = this.network.require()
    return partitions.map((list, deadline) => ({
      deadline,
      open: nextNotElapsed(policy, deadlineInfo(policy, epoch(current.periodStart), deadline, head.height))
        .open,
      partitions: list.length,
      sectors: sum(list, ({ liveSectors }) => liveSectors.count),
      faults: sum(list, ({ faultySectors }) => faultySectors.count),
      provenPartitions: deadlines[deadline]?.postSubmissions.count ?? 0,
      current: deadline === current.index,
    }))
  }

  /** Our rows, those that close last in front. */
  async partitions(): Promise<Result<'proving.partitions'>> {
    const { address } = await this.actor.require()
    return (await this.rows.latest(address, SHOWN_ROWS)).map((row) => ({
      periodStart: row.period_start,
      deadline: row.deadline,
      partition: row.partition,
      state: row.state,
      open: row.open,
      close: row.close,
      challenge: row.challenge,
      sectors: sectorsOf(row.all_sectors),
      skipped: sectorsOf(row.skipped),
      messageCid: row.message_cid,
      waiting: waitingOf(row),
      failure: row.failure === null ? null : JSON.parse(row.failure),
    }))
  }

  async faults(): Promise<Result<'proving.faults'>> {
    const { partitions } = await this.#survey()
    return partitions.flatMap((list, deadline) =>
      list.flatMap(({ faultySectors, recoveringSectors }, partition) =>
        faultySectors.toNumbers().map((sectorNumber) => ({
          deadline,
          partition,
          sectorNumber,
          recovering: recoveringSectors.has(sectorNumber),
        })),
      ),
    )
  }

  async #survey(): Promise<Survey> {
    const miner = await this.actor.require()
    const { policy } = this.network.require()
    const head = this.watch.requireHead()
    const [current, deadlines] = await Promise.all([
      this.chain.provingDeadline(miner.address, head.key),
      this.chain.deadlines(miner.address, head.key),
    ])
    const partitions: Partition[][] = []
    for (let from = 0; from < policy.periodDeadlines; from += PARALLEL) {
      const indexes = Array.from(
        { length: Math.min(PARALLEL, policy.periodDeadlines - from) },
        (_, at) => from + at,
      )
      partitions.push(
        ...(await Promise.all(indexes.map((index) => this.chain.partitions(miner.address, index, head.key)))),
      )
    }
    return { miner, head, current, deadlines, partitions }
  }
}

/** What a partition waits for, for whom, until when; null when it waits for nothing. */
export function waitingOf(row: PartitionRow): Waiting | null {
  const sinceMs = row.state_since_ms
  const because = (what: string) => row.why ?? what
  switch (row.state) {
    case 'Waiting':
      return { for: because('its challenge'), who: 'the chain', sinceMs, untilEpoch: row.challenge }
    case 'Collecting':
      return {
        for: because('vanilla proofs'),
        who: 'workers that hold its sectors',
        sinceMs,
        untilEpoch: row.close,
      }
    case 'Proving':
      return { for: because('its SNARK'), who: 'a worker with the post task', sinceMs, untilEpoch: row.close }
    case 'Proved':
      return { for: because('its deadline to open'), who: 'the chain', sinceMs, untilEpoch: row.open }
    case 'Submitted':
      return { for: because('its message to land'), who: 'the messager', sinceMs, untilEpoch: row.close }
    case 'Accepted':
    case 'Idle':
    case 'Missed':
      return null
  }
}

function sum<T>(list: readonly T[], count: (item: T) => number): number {
  return list.reduce((total, item) => total + count(item), 0)
}
