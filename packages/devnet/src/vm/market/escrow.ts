import { idAddress } from '@sealane/actors'
import { type AttoFil, attoFil } from '@sealane/fil-units'
import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'
import { filText } from '../run/fil-text.js'
import type { MarketTables, Table } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'

/** What a party's locked money is locked for. */
export type LockReason = 'clientCollateral' | 'clientStorageFee' | 'providerCollateral'

const totals = {
  clientCollateral: 'totalClientLockedCollateral',
  clientStorageFee: 'totalClientStorageFee',
  providerCollateral: 'totalProviderLockedCollateral',
} as const

export function amountOf(table: DeepReadonly<Table<AttoFil>>, party: number): AttoFil {
  return table[party] ?? attoFil(0n)
}

/** Whether a party's free escrow covers this much more locked. */
export function covers(market: DeepReadonly<MarketTables>, party: number, more: bigint): boolean {
  return amountOf(market.locked, party) + more <= amountOf(market.escrow, party)
}

export function addEscrow(market: MarketTables, party: number, amount: bigint): void {
  setAmount(market.escrow, party, amountOf(market.escrow, party) + amount)
}

export function lock(market: MarketTables, party: number, amount: AttoFil, reason: LockReason): void {
  if (!covers(market, party, amount)) {
    const escrow = filText(amountOf(market.escrow, party))
    const locked = filText(amountOf(market.locked, party))
    const amounts = `escrow balance ${escrow} < prev locked ${locked} + amount ${filText(amount)}`
    abort(exitCode.insufficientFunds, `not enough balance to lock for addr${idAddress(party)}: ${amounts}`)
  }
  setAmount(market.locked, party, amountOf(market.locked, party) + amount)
  market[totals[reason]] = attoFil(market[totals[reason]] + amount)
}

export function unlock(market: MarketTables, party: number, amount: AttoFil, reason: LockReason): void {
  setAmount(market.locked, party, amountOf(market.locked, party) - amount)
  market[totals[reason]] = attoFil(market[totals[reason]] - amount)
}

/** Pays a storage fee out of the client's locked escrow into the provider's free escrow. */
export function pay(market: MarketTables, client: number, provider: number, amount: AttoFil): void {
  addEscrow(market, client, -amount)
  unlock(market, client, amount, 'clientStorageFee')
  addEscrow(market, provider, amount)
}

/** Takes locked money away; the caller burns what this leaves on the market's balance. */
export function slash(market: MarketTables, party: number, amount: AttoFil, reason: LockReason): void {
  addEscrow(market, party, -amount)
  unlock(market, party, amount, reason)
}

function setAmount(table: Table<AttoFil>, party: number, amount: bigint): void {
  if (amount < 0n) throw new Error(`escrow of actor ${party} would fall to ${amount} attoFIL`)
  if (amount === 0n) delete table[party]
  else table[party] = attoFil(amount)
}
