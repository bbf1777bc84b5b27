import { assignDeadlines, PolicyError } from '@sealane/actors'
import { policy } from '../policy.js'
import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'
import type { Deadline, MinerTables, SectorInfo } from '../state/chain-tables.js'
import { union } from '../state/sector-set.js'
import { isMutable, quantizeToDeadline } from './deadline-info.js'
import { scheduleOnTime } from './expire-sectors.js'
import { emptyPartition, liveSectors } from './partition.js'
import { deadlineOf } from './track-power.js'

/** Spreads new sectors over the deadlines that may still change; they are unproven until their first PoSt. */
export function assignSectors(miner: MinerTables, epoch: number, sectors: readonly SectorInfo[]): void {
  const seed = miner.provingPeriodStart
  const size = miner.info.partitionSectors
  const inOrder = [...sectors].sort((a, b) => a.sectorNumber - b.sectorNumber)
  const assigned = deadlinesFor(miner, epoch, inOrder.length)
  for (const [position, sector] of inOrder.entries()) {
    const index = assigned[position] ?? 0
    const expiration = quantizeToDeadline(seed, index, sector.expiration)
    addSector(deadlineOf(miner, index), size, sector.sectorNumber, expiration)
  }
}

function deadlinesFor(miner: MinerTables, epoch: number, count: number): number[] {
  const loads = miner.deadlines.map((deadline, index) =>
    isMutable(miner.provingPeriodStart, index, epoch) ? loadOf(deadline) : undefined,
  )
  try {
    return assignDeadlines(policy, miner.info.partitionSectors, loads, count)
  } catch (error) {
    if (error instanceof PolicyError) return abort(exitCode.illegalState, error.message)
    throw error
  }
}

function loadOf({ partitions }: Deadline) {
  return {
    liveSectors: partitions.reduce((sum, partition) => sum + liveSectors(partition).length, 0),
    totalSectors: partitions.reduce((sum, partition) => sum + partition.sectors.length, 0),
  }
}

function addSector(deadline: Deadline, size: number, sectorNumber: number, expiration: number): void {
  let partition = deadline.partitions.at(-1)
  if (partition === undefined || partition.sectors.length >= size) {
    partition = emptyPartition()
    deadline.partitions.push(partition)
  }
  partition.sectors = union(partition.sectors, [sectorNumber])
  partition.unproven = union(partition.unproven, [sectorNumber])
  scheduleOnTime(partition.expirations, expiration, [sectorNumber])
}
