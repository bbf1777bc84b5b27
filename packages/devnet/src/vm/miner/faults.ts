import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'
import type { Deadline, MinerTables, Partition } from '../state/chain-tables.js'
import { containsAll, intersect, minus, union } from '../state/sector-set.js'
import { quantizeToDeadline } from './deadline-info.js'
import { scheduleFaults, scheduleRecovered } from './expire-sectors.js'
import { liveSectors } from './partition.js'
import { sectorOf } from './power-of-sector.js'

/** The partition of a deadline, or exit code 17. */
export function partitionOf(deadline: Deadline, index: number): Partition {
  return deadline.partitions[index] ?? abort(exitCode.notFound, `no such partition ${index}`)
}

/** Marks sectors faulty; those declared recovered are no longer. Terminated and already faulty ones are passed over. */
export function markFaulty(partition: Partition, sectors: readonly number[], faultExpiration: number): void {
  const fresh = minus(minus(sectors, partition.terminated), partition.faults)
  partition.recoveries = minus(partition.recoveries, sectors)
  if (fresh.length === 0) return
  scheduleFaults(partition.expirations, faultExpiration, fresh)
  partition.faults = union(partition.faults, fresh)
  partition.unproven = minus(partition.unproven, fresh)
}

/** Nothing was proven in time: every live sector is faulty, every declared recovery void. */
export function markMissedPost(partition: Partition, faultExpiration: number): void {
  markFaulty(partition, liveSectors(partition), faultExpiration)
  partition.recoveries = []
  partition.unproven = []
}

/** Declares faulty sectors recovered, to be proven at the next PoSt. Others are passed over. */
export function declareRecovered(partition: Partition, sectors: readonly number[]): void {
  partition.recoveries = union(partition.recoveries, intersect(sectors, partition.faults))
}

/** A PoSt covers the partition: declared recoveries are healthy again, unproven sectors active. */
export function markProven(miner: MinerTables, deadlineIndex: number, partition: Partition): void {
  const seed = miner.provingPeriodStart
  scheduleRecovered(partition.expirations, partition.recoveries, (number) =>
    quantizeToDeadline(seed, deadlineIndex, sectorOf(miner.sectors, number).expiration),
  )
  partition.faults = minus(partition.faults, partition.recoveries)
  partition.recoveries = []
  partition.unproven = []
}

/** Declarations must name sectors of the partition. */
export function requireSectorsOf(partition: Partition, sectors: readonly number[]): void {
  if (containsAll(partition.sectors, sectors)) return
  const text = 'failed fault declaration: not all sectors are assigned to the partition'
  abort(exitCode.illegalArgument, text)
}
