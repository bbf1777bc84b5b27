import type { ChainTables } from '../state/chain-tables.js'

/** Calls a miner's deadline cron at the end of `epoch`. */
export function enrollDeadlineCron(draft: ChainTables, miner: number, epoch: number): void {
  draft.power.cronQueue[epoch] = [...(draft.power.cronQueue[epoch] ?? []), miner]
}
