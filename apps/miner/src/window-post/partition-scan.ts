import { Injectable } from '@nestjs/common'
import { type Address, type DeadlineInfo, deadlineAt, deadlineInfo, nextNotElapsed } from '@sealane/actors'
import { ChainPort, type TipSet } from '@sealane/chain'
import { type ChainEpoch, epoch } from '@sealane/fil-units'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { EventStore } from '../events/event-store.js'
import { Network } from '../network/network.js'
import { PartitionStore } from './partition-store.js'
import { dutyOf } from './post-facts.js'

/** All deadlines are looked through at most this often. Unit: ms. */
const FULL_SCAN_EVERY_MS = 60_000
/** Deadlines asked for at the same time. */
const PARALLEL = 8

/**
 * Makes rows from the chain's deadlines: for the open one and the next at once (their sectors are fixed: a deadline takes none from one
 * challenge window before it opens), for all others now and then, so that faults are seen a day ahead.
 */
@Injectable()
export class PartitionScan {
  #scanned = new Set<string>()
  #fullAt = Number.NEGATIVE_INFINITY
  #fullIndex = -1
  #offset: ChainEpoch | undefined
  #sequence: number | undefined

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly network: Network,
    private readonly partitions: PartitionStore,
    private readonly events: EventStore,
    private readonly clock: Clock,
  ) {}

  /** What was read is doubted: a reorg, or a new start. */
  forget(): void {
    this.#scanned.clear()
  }

  async scan(miner: Address, head: TipSet): Promise<void> {
    const { policy } = this.network.require()
    // A miner's deadlines fall on the same epochs for ever: asked once.
    this.#offset ??= (await this.chain.provingDeadline(miner, head.key)).periodStart
    const current = deadlineAt(policy, this.#offset, head.height)
    const at = (index: number) =>
      nextNotElapsed(policy, deadlineInfo(policy, epoch(current.periodStart), index, head.height))
    const next = (current.index + 1) % policy.periodDeadlines
    const near = [at(current.index), at(next)].filter((info) => !this.#scanned.has(keyOf(info)))
    await this.#read(miner, head, near)
    for (const info of near) this.#scanned.add(keyOf(info))
    if (this.#scanned.size > 4 * policy.periodDeadlines) this.#scanned = new Set(near.map(keyOf))

    await this.#read(miner, head, [...(await this.#newHomes())].map(at))

    const now = this.clock.now()
    if (this.#fullIndex === current.index || now - this.#fullAt < FULL_SCAN_EVERY_MS) return
    this.#fullIndex = current.index
    this.#fullAt = now
    await this.#read(
      miner,
      head,
      Array.from({ length: policy.periodDeadlines }, (_, index) => at(index)),
    )
  }

  /** Deadlines that have got sectors since the last look: their duty is shown, and planned, at once. */
  async #newHomes(): Promise<Set<number>> {
    // A first look at everything comes with the start.
    this.#sequence ??= Number(
      (
        await this.db
          .selectFrom('events')
          .select((eb) => eb.fn.max('sequence').as('last'))
          .executeTakeFirst()
      )?.last ?? 0,
    )
    const homes = new Set<number>()
    for (const { sequence, fact } of await this.events.after(this.#sequence)) {
      this.#sequence = sequence
      if (fact?.$case === 'proveCommitLanded') homes.add(fact.value.deadline)
    }
    return homes
  }

  async #read(miner: Address, head: TipSet, infos: readonly DeadlineInfo[]): Promise<void> {
    for (let from = 0; from < infos.length; from += PARALLEL) {
      await Promise.all(infos.slice(from, from + PARALLEL).map((info) => this.#plan(miner, head, info)))
    }
  }

  async #plan(miner: Address, head: TipSet, info: DeadlineInfo): Promise<void> {
    const partitions = await this.chain.partitions(miner, info.index, head.key)
    for (const [index, partition] of partitions.entries()) {
      const { allSectors } = dutyOf(partition)
      if (allSectors.length === 0) continue
      if (await this.partitions.plan({ miner, info, partition: index, allSectors })) continue
      const row = await this.partitions.find(miner, {
        periodStart: info.periodStart,
        deadline: info.index,
        partition: index,
      })
      if (row?.state === 'Waiting')
        await this.partitions.note(row, { all_sectors: JSON.stringify(allSectors) })
    }
  }
}

function keyOf({ periodStart, index }: DeadlineInfo): string {
  return `${periodStart}/${index}`
}
