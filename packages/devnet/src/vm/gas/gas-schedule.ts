import type { ActorKind } from '../state/chain-tables.js'

/**
 * Gas is a fixed table on this chain, not metered: executing a method costs what a real Lotus (network version 28)
 * was recorded to charge for it, beyond the price of carrying the message. Numbers: gas.json of the recordings.
 */
interface MethodGas {
  /** A call that succeeds, with one item. */
  succeeds: number
  /** Each further item (and less for none): a sector, a deal, a partition proven or declared. */
  perItem?: number
  /** A call that is refused. */
  fails: number
}

const send: MethodGas = { succeeds: 481_000, fails: 6_000 }
/** The first receive of a key address also makes its account. */
const sendToNewAccount: MethodGas = { succeeds: 5_101_432, fails: 6_000 }
const unknownMethod: MethodGas = { succeeds: 696_000, fails: 696_343 }
const changeMinerInfo: MethodGas = { succeeds: 4_355_323, fails: 1_284_811 }

const minerGas: { readonly [method: number]: MethodGas | undefined } = {
  2: { succeeds: 1_275_029, fails: 696_343 },
  3: { succeeds: 5_868_258, fails: 1_284_811 },
  4: changeMinerInfo,
  5: { succeeds: 22_768_861, perItem: 12_000_000, fails: 1_314_476 },
  10: { succeeds: 29_668_305, perItem: 17_227_534, fails: 2_921_518 },
  11: { succeeds: 16_225_908, perItem: 3_785_137, fails: 2_921_518 },
  16: { succeeds: 3_743_016, fails: 1_284_811 },
  18: changeMinerInfo,
  21: { succeeds: 4_339_236, fails: 1_284_811 },
  22: { succeeds: 3_590_010, fails: 1_284_811 },
  23: { succeeds: 4_316_612, fails: 1_284_811 },
  28: { succeeds: 13_397_021, perItem: 1_400_000, fails: 3_514_879 },
  30: { succeeds: 4_403_191, fails: 1_284_811 },
  34: { succeeds: 101_351_702, perItem: 44_000_000, fails: 44_368_219 },
}

const marketGas: { readonly [method: number]: MethodGas | undefined } = {
  // 3,831,637 for an account, 5,531,215 for a miner, whose owner is asked for.
  2: { succeeds: 4_700_000, fails: 1_284_811 },
  3: { succeeds: 4_236_006, fails: 1_284_811 },
  4: { succeeds: 19_780_284, perItem: 10_900_000, fails: 8_172_669 },
  1900091594: { succeeds: 8_315_600, perItem: 1_500_000, fails: 1_284_811 },
}

const powerGas: { readonly [method: number]: MethodGas | undefined } = {
  2: { succeeds: 41_313_049, fails: 5_000_000 },
}

/** Gas for carrying a message of this many bytes (as signed). Exact: 97 of 97 recorded messages. */
export function inclusionGas(chainMessageLength: number): number {
  return 38_863 + 521_800 + 1_300 * chainMessageLength
}

export interface ExecutionFacts {
  kind: ActorKind
  method: number
  /** Sectors, deals or partitions named by the parameters. */
  items: number
  createdAccount: boolean
  succeeded: boolean
}

/** Gas for executing a call, beyond {@link inclusionGas}. */
export function executionGas(facts: ExecutionFacts): number {
  const row = gasRow(facts)
  return facts.succeeded ? row.succeeds + (row.perItem ?? 0) * (facts.items - 1) : row.fails
}

function gasRow({ kind, method, createdAccount }: ExecutionFacts): MethodGas {
  if (method === 0) return createdAccount ? sendToNewAccount : send
  const table = { miner: minerGas, market: marketGas, power: powerGas }[kind as 'miner' | 'market' | 'power']
  return table?.[method] ?? unknownMethod
}
