import { type AttoFil, attoFil } from '@sealane/fil-units'
import { least } from '../economics/extremes.js'
import { epochsInDay } from '../policy.js'
import type { MinerTables, VestingFund } from '../state/chain-tables.js'
import { quantizeUp } from './deadline-info.js'

// Source: builtin-actors miner policy.rs (REWARD_VESTING_SPEC). Epochs.
const period = 180 * epochsInDay
const step = epochsInDay
const quantization = 12 * 120

type Vault = Pick<MinerTables, 'lockedFunds' | 'vesting' | 'provingPeriodStart'>

/** Locks `amount` to vest over 180 days in daily steps, rounded to half days. Unlocks what has vested; returns that. */
export function addLockedFunds(vault: Vault, epoch: number, amount: AttoFil): AttoFil {
  const funds = new Map(vault.vesting.map((fund) => [fund.epoch, fund.amount as bigint]))
  let vestedSoFar = 0n
  for (let at = epoch + step; vestedSoFar < amount; at += step) {
    const vestEpoch = quantizeUp(at, quantization, vault.provingPeriodStart)
    const elapsed = BigInt(vestEpoch - epoch)
    const target = elapsed < BigInt(period) ? (amount * elapsed) / BigInt(period) : amount
    funds.set(vestEpoch, (funds.get(vestEpoch) ?? 0n) + target - vestedSoFar)
    vestedSoFar = target
  }
  vault.vesting = [...funds]
    .map(([at, sum]): VestingFund => ({ epoch: at, amount: attoFil(sum) }))
    .sort((a, b) => a.epoch - b.epoch)
  vault.lockedFunds = attoFil(vault.lockedFunds + amount)
  return unlockVested(vault, epoch)
}

/** Frees what vested before `epoch`; returns it. Writes nothing when there is nothing. */
export function unlockVested(vault: Vault, epoch: number): AttoFil {
  const first = vault.vesting[0]
  if (first === undefined || first.epoch >= epoch) return attoFil(0n)
  let freed = 0n
  vault.vesting = vault.vesting.filter((fund) => {
    if (fund.epoch >= epoch) return true
    freed += fund.amount
    return false
  })
  vault.lockedFunds = attoFil(vault.lockedFunds - freed)
  return attoFil(freed)
}

/** Frees what has vested and up to `target` of what has not, soonest first. Returns the sum of both. */
export function unlockForDebt(vault: Vault, epoch: number, target: AttoFil): AttoFil {
  if (target === 0n || vault.lockedFunds === 0n) return attoFil(0n)
  const vested = unlockVested(vault, epoch)
  let missing: bigint = target
  const left: VestingFund[] = []
  for (const fund of vault.vesting) {
    const taken = least<bigint>(fund.amount, missing)
    missing -= taken
    if (fund.amount > taken) left.push({ epoch: fund.epoch, amount: attoFil(fund.amount - taken) })
  }
  vault.vesting = left
  const unvested = target - missing
  vault.lockedFunds = attoFil(vault.lockedFunds - unvested)
  return attoFil(vested + unvested)
}
