import { updateClaimedPower } from '../power/update-claimed-power.js'
import type { ChainTables, Deadline, MinerTables, PowerPair } from '../state/chain-tables.js'
import { minerOf } from './miner-funds.js'
import { activeSectors } from './partition.js'
import { powerOfSectors } from './power-of-sector.js'

/** Runs `change` on a deadline of a miner and moves the miner's claim by what it did to the deadline's active power. */
export function trackPower<T>(
  draft: ChainTables,
  id: number,
  deadlineIndex: number,
  change: (deadline: Deadline, miner: MinerTables) => T,
): T {
  const miner = minerOf(draft, id)
  const deadline = deadlineOf(miner, deadlineIndex)
  const before = activePower(miner, deadline)
  const result = change(deadline, miner)
  const after = activePower(miner, deadline)
  updateClaimedPower(draft, id, { raw: after.raw - before.raw, qa: after.qa - before.qa })
  return result
}

export function deadlineOf(miner: MinerTables, index: number): Deadline {
  const deadline = miner.deadlines[index]
  if (deadline === undefined) throw new Error(`no deadline ${index}`)
  return deadline
}

function activePower(miner: MinerTables, deadline: Deadline): PowerPair {
  const active = deadline.partitions.flatMap((partition) => activeSectors(partition))
  return powerOfSectors(miner.info.sectorSize, miner.sectors, active)
}
