import { produce } from 'immer'
import { marketCron } from '../market/market-cron.js'
import { deadlineCron } from '../miner/deadline-cron.js'
import { totalPower } from '../power/total-power.js'
import type { ChainState } from '../state/chain-state.js'
import type { ChainTables } from '../state/chain-tables.js'
import { firstKey } from '../state/rows.js'

/**
 * What happens at the end of every epoch, null epochs too, after its messages: due deadline crons, the power that
 * the next epoch sees, due deals. Epochs without any of that return the state as it is.
 */
export function cron(state: ChainState, { epoch }: { epoch: number }): ChainState {
  const due = nextCronEpoch(state)
  if (due === undefined || due > epoch) return state
  return produce(state, (draft) => {
    // Drafts are writable at any depth; immer's own mapped type would take byte arrays apart.
    const tables = draft as unknown as ChainTables
    powerCron(tables, epoch)
    marketCron(tables, epoch)
  })
}

/**
 * The earliest epoch at whose end cron would change anything: −1 when it is overdue (power moved since the last
 * cron), undefined when there is nothing to come.
 */
export function nextCronEpoch(state: ChainState): number | undefined {
  const { power, market } = state
  const now = totalPower(power)
  const { raw, qa, pledge } = power.thisEpoch
  if (raw !== now.raw || qa !== now.qa || pledge !== power.totalPledge) return -1
  const deadline = firstKey(power.cronQueue)
  const deal = firstKey(market.dealOps)
  if (deadline === undefined || deal === undefined) return deadline ?? deal
  return Math.min(deadline, deal)
}

function powerCron(draft: ChainTables, epoch: number): void {
  const { power } = draft
  for (
    let due = firstKey(power.cronQueue);
    due !== undefined && due <= epoch;
    due = firstKey(power.cronQueue)
  ) {
    const miners = power.cronQueue[due] ?? []
    delete power.cronQueue[due]
    for (const miner of miners) deadlineCron(draft, miner, epoch)
  }
  power.thisEpoch = { ...totalPower(power), pledge: power.totalPledge }
}
