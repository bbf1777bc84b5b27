import type { Partition } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'
import { minus } from '../state/sector-set.js'

export function emptyPartition(): Partition {
  return { sectors: [], unproven: [], faults: [], recoveries: [], terminated: [], expirations: {} }
}

/** Not terminated; may be faulty or unproven. */
export function liveSectors(partition: DeepReadonly<Partition>): number[] {
  return minus(partition.sectors, partition.terminated)
}

/** Giving power now: live, proven and not faulty. */
export function activeSectors(partition: DeepReadonly<Partition>): number[] {
  return minus(minus(liveSectors(partition), partition.faults), partition.unproven)
}

/** Live sectors whose next PoSt counts: all but those that are faulty and not declared recovered. */
export function sectorsOwingPost(partition: DeepReadonly<Partition>): number[] {
  return minus(liveSectors(partition), minus(partition.faults, partition.recoveries))
}
