import { type AttoFil, attoFil } from '@sealane/fil-units'
import { least } from '../economics/extremes.js'
import { abort } from '../run/actor-abort.js'
import { burntFundsActor } from '../run/builtin-ids.js'
import { exitCode } from '../run/exit-code.js'
import { filText } from '../run/fil-text.js'
import { moveValue } from '../run/move-value.js'
import type { ChainTables, MinerTables } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'
import { unlockForDebt } from './vesting.js'

type Funds = DeepReadonly<
  Pick<MinerTables, 'lockedFunds' | 'preCommitDeposits' | 'initialPledge' | 'feeDebt'>
>

/** Balance not held as deposit, pledge or vesting funds. */
export function unlockedBalance(miner: Funds, balance: bigint): AttoFil {
  const unlocked = balance - miner.lockedFunds - miner.preCommitDeposits - miner.initialPledge
  if (unlocked < 0n) {
    abort(
      exitCode.illegalState,
      `failed to calculate available balance: negative unlocked balance ${filText(unlocked)}`,
    )
  }
  return attoFil(unlocked)
}

/** What the miner may spend or its owner withdraw; negative when it owes more than it has. */
export function availableBalance(miner: Funds, balance: bigint): AttoFil {
  return attoFil(unlockedBalance(miner, balance) - miner.feeDebt)
}

/** Burns the whole fee debt, or aborts when unlocked funds do not cover it. */
export function repayDebtsOrAbort(draft: ChainTables, id: number): void {
  const miner = minerOf(draft, id)
  const unlocked = unlockedBalance(miner, balanceOf(draft, id))
  if (unlocked < miner.feeDebt) {
    const amounts = `${filText(unlocked)} < ${filText(miner.feeDebt)}`
    abort(exitCode.insufficientFunds, `unlocked balance can not repay fee debt (${amounts})`)
  }
  burn(draft, id, miner.feeDebt)
  miner.feeDebt = attoFil(0n)
}

/**
 * Burns as much of the fee debt as there is: vesting funds first, then unlocked balance; the rest stays debt.
 * Returns what left the vesting table, which the power actor counts as pledge no longer locked.
 */
export function repayPartialDebt(draft: ChainTables, id: number, epoch: number): AttoFil {
  const miner = minerOf(draft, id)
  const unlocked = unlockForDebt(miner, epoch, miner.feeDebt)
  const spendable = unlockedBalance(miner, balanceOf(draft, id))
  const payable = least(spendable, miner.feeDebt)
  burn(draft, id, payable)
  miner.feeDebt = attoFil(miner.feeDebt - payable)
  return unlocked
}

/** The balance must cover everything the miner holds locked. */
export function checkBalanceInvariants(draft: ChainTables, id: number): void {
  const miner = minerOf(draft, id)
  const least = miner.preCommitDeposits + miner.lockedFunds + miner.initialPledge
  const balance = balanceOf(draft, id)
  if (balance >= least) return
  const text = `balance invariants broken: balance ${filText(balance)} below minimum ${filText(least)}`
  abort(exitCode.balanceInvariantsBroken, text)
}

export function minerOf(draft: ChainTables, id: number): MinerTables {
  const miner = draft.miners[id]
  if (miner === undefined) throw new Error(`actor ${id} is not a miner`)
  return miner
}

export function balanceOf(draft: ChainTables, id: number): AttoFil {
  return draft.actors[id]?.balance ?? attoFil(0n)
}

function burn(draft: ChainTables, id: number, amount: AttoFil): void {
  if (amount > 0n) moveValue(draft.actors, id, burntFundsActor, amount)
}
