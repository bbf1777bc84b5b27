import { terminationFee } from '@sealane/actors'
import { attoFil, epoch as chainEpoch } from '@sealane/fil-units'
import { continuedFaultFee } from '../economics/network-economics.js'
import { terminateDeals } from '../market/terminate-deals.js'
import { notePledgeChange } from '../power/note-pledge-change.js'
import type { ChainTables } from '../state/chain-tables.js'
import { minerOf, repayPartialDebt } from './miner-funds.js'
import { powerOfSector, sectorOf } from './power-of-sector.js'

/** Sectors that stayed faulty too long: their pledge is freed, the termination fee charged, their deals terminated. */
export function terminateEarly(
  draft: ChainTables,
  id: number,
  epoch: number,
  numbers: readonly number[],
): void {
  const miner = minerOf(draft, id)
  const { economics } = draft.genesis
  let pledge = 0n
  let penalty = 0n
  for (const number of numbers) {
    const sector = sectorOf(miner.sectors, number)
    const { qa } = powerOfSector(miner.info.sectorSize, sector)
    const faultFee = continuedFaultFee(economics, qa)
    pledge += sector.initialPledge
    penalty += terminationFee(sector.initialPledge, chainEpoch(epoch - sector.activation), faultFee)
  }
  miner.initialPledge = attoFil(miner.initialPledge - pledge)
  miner.feeDebt = attoFil(miner.feeDebt + penalty)
  const unlocked = repayPartialDebt(draft, id, epoch)
  notePledgeChange(draft, -(pledge + unlocked))
  terminateDeals(draft, id, epoch, numbers)
}
