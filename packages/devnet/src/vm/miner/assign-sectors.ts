import { policy } from '../policy.js'
import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'
import type { Deadline, MinerTables, SectorInfo } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'
import { union } from '../state/sector-set.js'
import { isMutable, quantizeToDeadline } from './deadline-info.js'
import { scheduleOnTime } from './expire-sectors.js'
import { emptyPartition, liveSectors } from './partition.js'
import { deadlineOf } from './track-power.js'

/** What decides where the next sector goes. */
export interface DeadlineLoad {
  index: number
  live: number
  total: number
}

/** Spreads new sectors over the deadlines that may still change; they are unproven until their first PoSt. */
export function assignSectors(miner: MinerTables, epoch: number, sectors: readonly SectorInfo[]): void {
  const seed = miner.provingPeriodStart
  const size = miner.info.partitionSectors
  const loads = miner.deadlines
    .map((deadline, index) => loadOf(deadline, index))
    .filter(({ index }) => isMutable(seed, index, epoch))

  for (const sector of [...sectors].sort((a, b) => a.sectorNumber - b.sectorNumber)) {
    const load = loads.reduce((best, next) => (compareLoads(next, best, size) < 0 ? next : best))
    if (load.total >= size * policy.maxPartitionsPerDeadline) {
      const limit = policy.maxPartitionsPerDeadline
      abort(exitCode.illegalState, `max partitions limit ${limit} reached for all deadlines`)
    }
    load.live += 1
    load.total += 1
    addSector(
      deadlineOf(miner, load.index),
      size,
      sector,
      quantizeToDeadline(seed, load.index, sector.expiration),
    )
  }
}

/**
 * Fewest partitions after compaction, then fewest partitions, then one that is not full, the fullest of those, then
 * fewest live sectors, then lowest index. Source: builtin-actors miner deadline_assignment.rs.
 */
export function compareLoads(a: DeadlineLoad, b: DeadlineLoad, partitionSize: number): number {
  const partitions = (sectors: number) => Math.ceil((sectors + 1) / partitionSize)
  const isFull = (load: DeadlineLoad) => load.total % partitionSize === 0
  return (
    partitions(a.live) - partitions(b.live) ||
    partitions(a.total) - partitions(b.total) ||
    Number(isFull(a)) - Number(isFull(b)) ||
    (isFull(a) ? 0 : b.total - a.total) ||
    a.live - b.live ||
    a.index - b.index
  )
}

function loadOf(deadline: DeepReadonly<Deadline>, index: number): DeadlineLoad {
  const live = deadline.partitions.reduce((sum, partition) => sum + liveSectors(partition).length, 0)
  const total = deadline.partitions.reduce((sum, partition) => sum + partition.sectors.length, 0)
  return { index, live, total }
}

function addSector(deadline: Deadline, size: number, { sectorNumber }: SectorInfo, expiration: number): void {
  let partition = deadline.partitions.at(-1)
  if (partition === undefined || partition.sectors.length >= size) {
    partition = emptyPartition()
    deadline.partitions.push(partition)
  }
  partition.sectors = union(partition.sectors, [sectorNumber])
  partition.unproven = union(partition.unproven, [sectorNumber])
  scheduleOnTime(partition.expirations, expiration, [sectorNumber])
}
