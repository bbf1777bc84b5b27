import { type Address, idAddress } from '@sealane/actors'
import type { ChainState } from '../state/chain-state.js'
import { rows } from '../state/rows.js'

/** A sector that a PoSt would give power: never proven yet, or declared recovered. */
export interface SectorToProve {
  miner: Address
  sectorNumber: number
  deadline: number
  partition: number
  why: 'unproven' | 'recovering'
}

export function unprovenOrRecovering(state: ChainState): SectorToProve[] {
  return rows(state.miners).flatMap(([id, { deadlines }]) =>
    deadlines.flatMap(({ partitions }, deadline) =>
      partitions.flatMap(({ unproven, recoveries }, partition) => {
        const place = { miner: idAddress(id), deadline, partition }
        return [
          ...unproven.map((sectorNumber) => ({ ...place, sectorNumber, why: 'unproven' as const })),
          ...recoveries.map((sectorNumber) => ({ ...place, sectorNumber, why: 'recovering' as const })),
        ]
      }),
    ),
  )
}
