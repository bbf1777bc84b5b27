import type { ChainTables, PowerPair } from '../state/chain-tables.js'

/** A miner's power changed. Its claim may not fall below nothing. */
export function updateClaimedPower(draft: ChainTables, miner: number, delta: PowerPair): void {
  if (delta.raw === 0n && delta.qa === 0n) return
  const claim = draft.power.claims[miner]
  if (claim === undefined) throw new Error(`no claim for actor ${miner}`)
  claim.raw += delta.raw
  claim.qa += delta.qa
  if (claim.raw < 0n || claim.qa < 0n) throw new Error(`negative claimed power of actor ${miner}`)
}
