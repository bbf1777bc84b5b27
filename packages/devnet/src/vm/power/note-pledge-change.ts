import { attoFil } from '@sealane/fil-units'
import type { ChainTables } from '../state/chain-tables.js'

/** A miner's locked funds changed by `delta` attoFIL: the network's total follows. */
export function notePledgeChange(draft: ChainTables, delta: bigint): void {
  if (delta !== 0n) draft.power.totalPledge = attoFil(draft.power.totalPledge + delta)
}
